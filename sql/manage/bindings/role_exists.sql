SELECT 1 FROM main.authz_roles WHERE slug = ?1 AND resource_type = ?2
