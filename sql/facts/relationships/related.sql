-- The relationships of one relation to one resource: ?3 and ?4 are the two ways in which its id may be stored.
SELECT subject, expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id = +?3 AND relation = ?2
UNION ALL
SELECT subject, expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id = +?4 AND relation = ?2
LIMIT ?5 + 0
