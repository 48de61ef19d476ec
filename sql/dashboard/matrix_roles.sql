-- Roles of the environment and of the organization ?1, of the type ?2 where it is given, after (?3, ?4, ?5), in their order.
SELECT slug, organization, resource_type, ifnull(name, slug), is_default, organization IS NOT NULL, ifnull(priority, 0)
FROM main.authz_roles
WHERE (organization IS NULL OR organization = ?1) AND (?2 IS NULL OR resource_type = ?2)
  AND (organization IS NOT NULL, ifnull(priority, 0), slug) > (?3, ?4, ?5)
ORDER BY organization IS NOT NULL, ifnull(priority, 0), slug
LIMIT ?6
