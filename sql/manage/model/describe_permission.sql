UPDATE main.authz_permissions SET name = ?2, description = ?3 WHERE slug = ?1;
