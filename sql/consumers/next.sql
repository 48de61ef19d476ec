-- The numbers of the next events after ?1 whose names match one of the patterns of ?3, a JSON array; NULL means every name.
SELECT seq
FROM main._authz_outbox
WHERE seq > +?1 AND (+?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(+?3) AS pattern WHERE event GLOB pattern.value))
ORDER BY seq
LIMIT +?2
