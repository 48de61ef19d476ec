SELECT CAST(resource_id AS TEXT) FROM main.authz_resources WHERE resource_type = ?1 LIMIT 1;
