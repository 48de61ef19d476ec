-- The type ?1 and those that may lie in it at any depth: what a role of the type can hold permissions of.
WITH RECURSIVE below (slug) AS (
  SELECT ?1
  UNION
  SELECT p.resource_type FROM below JOIN main.authz_resource_type_parents AS p ON p.parent_type = below.slug
)
SELECT slug FROM below
