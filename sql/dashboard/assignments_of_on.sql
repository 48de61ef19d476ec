-- What the subject ?1 holds on the resource (?2, ?3) itself.
SELECT subject, role, organization, resource_type, resource_id, expires_at, source, created_at
FROM main.authz_role_assignments
WHERE subject = +?1 AND resource_type = +?2 AND resource_id = +?3
ORDER BY role, source
LIMIT 500
