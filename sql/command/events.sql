-- The next events after ?1, ?2 at the most, whose names match one of the patterns of ?3, a JSON array; NULL means every name. A timeout goes
-- by the name of its announcement for whoever asks for that, and for nothing that fits the other.
WITH wanted (seq, name) AS NOT MATERIALIZED (
  SELECT seq, CASE
    WHEN ?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(?3) AS pattern WHERE event GLOB pattern.value) THEN event
    WHEN event = 'authentication.sso_timed_out'
      AND EXISTS (SELECT 1 FROM json_each(?3) AS pattern WHERE pattern.value = 'authentication.sso_timedout') THEN 'authentication.sso_timedout'
    END
  FROM main.authz_events WHERE seq > +?1
)
SELECT e.seq, e.created_at, w.name, e.data, CASE e.event WHEN w.name THEN v.json ELSE json_set(v.json, '$.event', w.name) END
FROM wanted AS w
CROSS JOIN main.authz_events AS e ON e.seq = w.seq
CROSS JOIN main.authz_event_envelopes AS v ON v.seq = w.seq
WHERE w.name IS NOT NULL
ORDER BY w.seq
LIMIT +?2
