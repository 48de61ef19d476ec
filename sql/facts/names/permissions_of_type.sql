SELECT slug FROM main.authz_permissions WHERE resource_type = +?1 ORDER BY slug
