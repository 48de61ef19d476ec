UPDATE main.authz_roles SET priority = ?2 WHERE slug = +?1 AND organization IS NULL AND priority IS NOT ?2
