SELECT slug FROM main.authz_resource_types ORDER BY slug
