SELECT resource_type, resource_id FROM main.authz_resources WHERE parent_type = +?1 AND parent_id = +?2
