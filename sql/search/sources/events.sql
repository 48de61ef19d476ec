-- The thousand newest events, and the one that is named: the number stands in hexadecimal digits at the end of its id.
WITH RECURSIVE digits (rest, number) AS (
  SELECT substr(?1, 23), 0 WHERE ?1 GLOB 'event_*'
  UNION ALL
  SELECT substr(rest, 2), number * 16 + instr('0123456789abcdef', substr(rest, 1, 1)) - 1
  FROM digits WHERE rest <> '' AND length(?1) <= 38
)
SELECT id, event, id, created_at, json_object('event', id) FROM main.authz_events
WHERE seq = (SELECT number FROM digits WHERE rest = '') AND id = ?1
UNION
SELECT id, event, id, created_at, json_object('event', id)
FROM (SELECT id, event, created_at FROM main.authz_events ORDER BY seq DESC LIMIT 1000)
