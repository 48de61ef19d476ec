-- Hand-written: what a document lies in. ?1 its id.
WITH RECURSIVE up (depth, resource_type, resource_id) AS (
  SELECT 0, 'document', ?1
  UNION ALL
  SELECT up.depth + 1, r.parent_type, r.parent_id
  FROM up CROSS JOIN authz_resources AS r ON r.resource_type = up.resource_type AND r.resource_id = up.resource_id
  WHERE r.parent_type IS NOT NULL
)
SELECT count(*), sum(depth) FROM up
