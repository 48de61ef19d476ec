-- Hand-written: everything below the organizations.
WITH RECURSIVE below (depth, resource_type, resource_id) AS (
  SELECT 0, 'organization', id FROM organizations
  UNION ALL
  SELECT below.depth + 1, r.resource_type, r.resource_id
  FROM below CROSS JOIN authz_resources AS r ON r.parent_type = below.resource_type AND r.parent_id = below.resource_id
)
SELECT count(*), sum(depth) FROM below
