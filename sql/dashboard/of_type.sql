-- Resources of the type ?1 after the id ?2, wherever they lie, ?3 at the most.
SELECT r.resource_type, r.resource_id, r.name,
  EXISTS (SELECT 1 FROM main.authz_resources AS c WHERE c.parent_type = r.resource_type AND c.parent_id = r.resource_id),
  EXISTS (SELECT 1 FROM main.authz_role_assignments AS a WHERE a.resource_type = r.resource_type AND a.resource_id = r.resource_id)
FROM main.authz_resources AS r
WHERE r.resource_type = ?1 AND r.resource_id > ?2
ORDER BY r.resource_id
LIMIT ?3
