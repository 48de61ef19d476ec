UPDATE main.authz_roles SET declared = 1 WHERE slug = ?1 AND organization IS NULL AND declared = 0;
