UPDATE main.authz_resources SET parent_type = ?3, parent_id = ?4 WHERE resource_type = +?1 AND resource_id = +?2
