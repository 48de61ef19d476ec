UPDATE main.authz_relationships SET expires_at = ?5
WHERE subject = +?1 AND relation = +?2 AND resource_type = +?3 AND resource_id = +?4
