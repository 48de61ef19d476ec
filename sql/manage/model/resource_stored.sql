SELECT resource_id FROM main.authz_resources WHERE resource_type = ?1 LIMIT 1;
