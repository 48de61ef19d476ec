-- Hand-written: everything below the root of a parent-pointer table.
WITH RECURSIVE below (depth, node) AS (
  SELECT 0, 0
  UNION ALL
  SELECT below.depth + 1, n.id FROM below CROSS JOIN nodes AS n ON n.parent_id = below.node
)
SELECT count(*), sum(depth) FROM below
