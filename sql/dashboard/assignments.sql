-- All assignments, or those of roles of the organization ?7, after (?1, ?2, ?3, ?4, ?5).
SELECT subject, role, organization, resource_type, resource_id, expires_at, source, created_at
FROM main.authz_role_assignments
WHERE (subject, resource_type, resource_id, role, source) > (?1, ?2, ?3, ?4, ?5) AND (?7 IS NULL OR organization = ?7)
ORDER BY subject, resource_type, resource_id, role, source
LIMIT ?6
