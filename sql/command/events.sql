-- The next events after ?1, ?2 at the most, whose names match one of the patterns of ?3, a JSON array; NULL means every name.
SELECT e.seq, e.created_at, e.event, e.data, v.json
FROM main.authz_events AS e
CROSS JOIN main.authz_event_envelopes AS v ON v.seq = e.seq
WHERE e.seq > +?1 AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(?3) AS pattern WHERE e.event GLOB pattern.value))
ORDER BY e.seq
LIMIT +?2
