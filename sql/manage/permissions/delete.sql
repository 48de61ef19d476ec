DELETE FROM main.authz_permissions WHERE slug = +?1
