SELECT DISTINCT slug FROM main.authz_roles ORDER BY slug
