SELECT resource_type, resource_id, name FROM main.authz_resources
