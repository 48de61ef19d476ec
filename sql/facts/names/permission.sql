SELECT resource_type, relation FROM main.authz_permissions WHERE slug = +?1
