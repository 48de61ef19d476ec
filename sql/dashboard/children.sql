-- What lies in the resource (?1, ?2) after the child (?3, ?4), ?5 at the most; each with whether anything lies in it, and whether roles
-- are held on it.
SELECT r.resource_type, r.resource_id, r.name,
  EXISTS (SELECT 1 FROM main.authz_resources AS c WHERE c.parent_type = r.resource_type AND c.parent_id = r.resource_id),
  EXISTS (SELECT 1 FROM main.authz_role_assignments AS a WHERE a.resource_type = r.resource_type AND a.resource_id = r.resource_id)
FROM main.authz_resources AS r
WHERE r.parent_type = +?1 AND r.parent_id = +?2 AND (r.resource_type, r.resource_id) > (?3, ?4)
ORDER BY r.resource_type, r.resource_id
LIMIT ?5
