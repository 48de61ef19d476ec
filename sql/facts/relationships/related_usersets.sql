-- The usersets of one type that the relationships of one relation to one resource name. ?5 is the type with a colon behind it, ?6 with
-- the character that follows the colon.
SELECT subject, expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id = +?3 AND relation = ?2 AND subject >= ?5 AND subject < ?6 AND instr(subject, '#') > 0
UNION ALL
SELECT subject, expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id = +?4 AND relation = ?2 AND subject >= ?5 AND subject < ?6 AND instr(subject, '#') > 0
