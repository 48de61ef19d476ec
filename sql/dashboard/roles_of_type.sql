-- The roles that can be held on a resource of the type ?1 in the organization ?2, highest first.
SELECT slug FROM main.authz_roles
WHERE resource_type = ?1 AND (organization IS NULL OR organization = ?2)
ORDER BY organization IS NOT NULL, priority
LIMIT 500
