-- What a subject was itself granted on one resource.
SELECT role, organization, expires_at
FROM main.authz_role_assignments
WHERE subject = +?3 AND resource_type = +?1 AND resource_id = +?2
