-- Whether a subject is named by a relationship: ?3 and ?4 are the two ways in which the id of the resource may be stored.
SELECT expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id = +?3 AND relation = ?2 AND subject = ?5
UNION ALL
SELECT expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id = +?4 AND relation = ?2 AND subject = ?5
