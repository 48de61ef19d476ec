-- Who holds a role called ?1, of the organization ?2 or, where that is NULL, of any and of none, after the assignment (?3, ?4, ?5, ?6).
SELECT subject, role, organization, resource_type, resource_id, expires_at, source, created_at
FROM main.authz_role_assignments
WHERE role = +?1 AND (?2 IS NULL OR organization = ?2) AND (subject, resource_type, resource_id, source) > (?3, ?4, ?5, ?6)
ORDER BY subject, resource_type, resource_id, source
LIMIT ?7
