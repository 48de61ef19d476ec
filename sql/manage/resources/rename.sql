UPDATE main.authz_resources SET name = ?3 WHERE resource_type = +?1 AND resource_id = +?2
