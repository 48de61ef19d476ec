UPDATE main.authz_resource_types SET declared = 1 WHERE slug = ?1 AND declared = 0;
