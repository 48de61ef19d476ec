DELETE FROM main.authz_resources WHERE resource_type = +?1 AND resource_id = +?2
