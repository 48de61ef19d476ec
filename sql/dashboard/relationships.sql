-- Relationships after (?1, ?2, ?3, ?4), of the type ?5 and the relation ?6 where these are not NULL.
SELECT subject, relation, resource_type, resource_id, expires_at
FROM main.authz_relationships
WHERE (subject, relation, resource_type, resource_id) > (?1, ?2, ?3, ?4)
  AND (?5 IS NULL OR resource_type = ?5) AND (?6 IS NULL OR relation = ?6)
ORDER BY subject, relation, resource_type, resource_id
LIMIT ?7
