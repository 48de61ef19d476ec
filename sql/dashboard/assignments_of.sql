-- What the subject ?1 holds, after the assignment (?2, ?3, ?4, ?5).
SELECT a.subject, a.role, a.organization, a.resource_type, a.resource_id, a.expires_at, a.source, a.created_at
FROM main.authz_role_assignments AS a
WHERE a.subject = +?1 AND (a.resource_type, a.resource_id, a.role, a.source) > (?2, ?3, ?4, ?5)
ORDER BY a.resource_type, a.resource_id, a.role, a.source
LIMIT ?6
