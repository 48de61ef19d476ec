-- A resource and what lies in it, down to a depth, with names, parents and how many assignments stand on each.
SELECT d.depth, d.resource_type, d.resource_id, r.name, r.parent_type, r.parent_id,
  (SELECT count(*) FROM main.authz_role_assignments AS a WHERE a.resource_type = d.resource_type AND a.resource_id = d.resource_id) AS assignments
FROM main.authz_descendants(?1, ?2) AS d
JOIN main.authz_resources AS r ON r.resource_type = d.resource_type AND r.resource_id = d.resource_id
WHERE d.depth <= ?3
