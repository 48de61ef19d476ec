-- The thousand newest events, and the one that is named.
SELECT id, event, id, created_at, json_object('event', id) FROM main.authz_events WHERE id = ?1
UNION
SELECT id, event, id, created_at, json_object('event', id)
FROM (SELECT id, event, created_at FROM main.authz_events ORDER BY seq DESC LIMIT 1000)
