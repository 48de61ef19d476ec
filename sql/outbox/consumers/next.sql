-- The numbers of the next events after ?1 whose names match one of the patterns of ?3, a JSON array; NULL means every name. A timeout has
-- the name by which it was first announced, too.
SELECT seq
FROM main._authz_outbox
WHERE event IS NOT NULL AND seq > +?1 AND (+?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(+?3) AS pattern WHERE event GLOB pattern.value
    OR (event = 'authentication.sso_timed_out' AND pattern.value = 'authentication.sso_timedout')))
ORDER BY seq
LIMIT +?2
