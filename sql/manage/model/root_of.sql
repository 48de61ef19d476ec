SELECT CAST(resource_id AS TEXT) FROM main.authz_resources WHERE resource_type = ?1 AND parent_type IS NULL LIMIT 1;
