-- What the consumer ?1 has not acknowledged: ?2 events at the most, whose names match one of the patterns of ?3.
SELECT e.seq, e.created_at, e.event, e.data, v.json
FROM main.authz_next_events(?1, ?2, ?3) AS e
CROSS JOIN main.authz_event_envelopes AS v ON v.seq = e.seq
ORDER BY e.seq
