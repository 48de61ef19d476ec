-- The same for a subject that sees much: row by row in the order of the ids, until the page is full.
SELECT r.resource_id, r.name
FROM main.authz_resources AS r
WHERE r.resource_type = ?3 AND r.resource_id > ?4 AND authz_check(?1, ?2, ?3, r.resource_id)
ORDER BY r.resource_id
LIMIT ?5
