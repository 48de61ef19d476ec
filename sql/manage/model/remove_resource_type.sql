DELETE FROM main.authz_resource_types WHERE slug = ?1;
