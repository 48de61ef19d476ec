-- All assignments, after (?1, ?2, ?3, ?4, ?5).
SELECT subject, role, organization, resource_type, resource_id, expires_at, source, created_at
FROM main.authz_role_assignments
WHERE (subject, resource_type, resource_id, role, source) > (?1, ?2, ?3, ?4, ?5)
ORDER BY subject, resource_type, resource_id, role, source
LIMIT ?6
