-- Permissions and relations to choose from: of the type ?1, or of every type.
SELECT slug FROM main.authz_permissions WHERE ?1 IS NULL OR resource_type = ?1
UNION
SELECT relation FROM main.authz_relations WHERE ?1 IS NULL OR resource_type = ?1
ORDER BY 1
LIMIT ?2
