UPDATE main.authz_permissions SET declared = ?2 WHERE slug = ?1 AND declared <> ?2;
