UPDATE main.authz_permissions SET relation = ?2 WHERE slug = ?1;
