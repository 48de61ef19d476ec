-- The first assignment on a resource or below it that belongs to its organization.
WITH RECURSIVE below (type, id) AS (
  SELECT ?1, ?2
  UNION
  SELECT r.resource_type, r.resource_id FROM below CROSS JOIN main.authz_resources AS r ON r.parent_type = below.type AND r.parent_id = below.id
)
SELECT a.subject, a.role, a.resource_type, a.resource_id
FROM below CROSS JOIN main.authz_role_assignments AS a ON a.resource_type = below.type AND a.resource_id = below.id
WHERE a.organization IS NOT NULL OR a.source <> 'direct'
LIMIT 1
