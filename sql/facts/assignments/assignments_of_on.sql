-- What a subject was itself granted on one resource.
SELECT subject, role, organization, expires_at, source
FROM main.authz_role_assignments
WHERE subject = +?3 AND resource_type = +?1 AND resource_id = +?2
