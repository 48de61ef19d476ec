SELECT expires_at FROM main.authz_role_assignments
WHERE subject = +?1 AND resource_type = +?2 AND resource_id = +?3 AND role = +?4 AND source = 'direct'
