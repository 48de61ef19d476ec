SELECT resource_type FROM main.authz_permissions WHERE slug = +?1
