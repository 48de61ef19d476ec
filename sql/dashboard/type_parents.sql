-- Each type with its description, the permission that search asks for, and the types it may lie in, separated by spaces.
SELECT t.slug, t.description, t.search,
  (SELECT group_concat(parent_type, ' ') FROM (
    SELECT p.parent_type FROM main.authz_resource_type_parents AS p WHERE p.resource_type = t.slug ORDER BY p.parent_type))
FROM main.authz_resource_types AS t
ORDER BY t.slug
LIMIT 1000
