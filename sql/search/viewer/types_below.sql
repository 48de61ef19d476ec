-- The types at or below a type whose instances a permission makes visible, and which.
WITH RECURSIVE below (slug) AS (
  SELECT ?1
  UNION
  SELECT p.resource_type FROM below JOIN main.authz_resource_type_parents AS p ON p.parent_type = below.slug
)
SELECT t.slug, t.search
FROM below
JOIN main.authz_resource_types AS t ON t.slug = below.slug
JOIN main.authz_permissions AS p ON p.slug = t.search AND p.resource_type = t.slug
