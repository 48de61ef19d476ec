-- Assignments that have ended by ?1, the longest ago first, after (?2, …, ?7); of the role ?9 and of roles of the organization ?10, where
-- these are not NULL.
SELECT subject, role, organization, resource_type, resource_id, expires_at, source, created_at
FROM main.authz_role_assignments
WHERE expires_at <= ?1
  AND (expires_at, subject, resource_type, resource_id, role, source) > (?2, ?3, ?4, ?5, ?6, ?7)
  AND (?9 IS NULL OR role = ?9) AND (?10 IS NULL OR organization = ?10)
ORDER BY expires_at, subject, resource_type, resource_id, role, source
LIMIT ?8
