-- An event by its id, whose last eight digits are its number, or by its number.
SELECT e.seq, e.id, e.event, e.data, e.context, e.created_at FROM main.authz_events AS e WHERE e.seq = ?1
