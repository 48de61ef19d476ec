UPDATE main.authz_roles SET name = ?2, description = ?3 WHERE slug = ?1 AND organization IS NULL;
