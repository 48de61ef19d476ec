SELECT slug FROM main.authz_permissions ORDER BY slug
