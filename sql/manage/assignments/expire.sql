UPDATE main.authz_role_assignments SET expires_at = ?5
WHERE subject = +?1 AND resource_type = +?2 AND resource_id = +?3 AND role = +?4 AND source = 'direct'
