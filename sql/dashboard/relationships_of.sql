-- Relationships of the subject ?1, after (?2, ?3, ?4).
SELECT subject, relation, resource_type, resource_id, expires_at
FROM main.authz_relationships
WHERE subject = +?1 AND (relation, resource_type, resource_id) > (?2, ?3, ?4)
ORDER BY relation, resource_type, resource_id
LIMIT ?5
