-- Where a resource lies and what it is called.
SELECT parent_type, parent_id, name FROM main.authz_resources WHERE resource_type = +?1 AND resource_id = +?2
