-- Who holds what on the resource (?1, ?2), after the assignment (?3, ?4, ?5).
SELECT subject, role, organization, resource_type, resource_id, expires_at, source, created_at
FROM main.authz_role_assignments
WHERE resource_type = +?1 AND resource_id = +?2 AND (subject, role, source) > (?3, ?4, ?5)
ORDER BY subject, role, source
LIMIT ?6
