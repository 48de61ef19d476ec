-- Relationships to the resource of the type ?1 with the id ?2, or ?3 as an integer, after (?4, ?5).
SELECT subject, relation, resource_type, resource_id, expires_at
FROM main.authz_relationships
WHERE resource_type = ?1 AND resource_id IN (?2, ?3) AND (relation, subject) > (?4, ?5)
ORDER BY relation, subject
LIMIT ?6
