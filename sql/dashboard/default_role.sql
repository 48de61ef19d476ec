SELECT is_default, priority FROM main.authz_roles WHERE slug = ?1 AND organization IS ?2
