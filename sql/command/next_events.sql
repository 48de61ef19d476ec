-- What the consumer ?1 has not acknowledged: ?2 events at the most, whose names match one of the patterns of ?3. A timeout may go by the name
-- of its announcement.
SELECT e.seq, e.created_at, e.event, e.data,
  CASE e.event WHEN 'authentication.sso_timedout' THEN json_set(v.json, '$.event', e.event) ELSE v.json END
FROM main.authz_next_events(?1, ?2, ?3) AS e
CROSS JOIN main.authz_event_envelopes AS v ON v.seq = e.seq
ORDER BY e.seq
