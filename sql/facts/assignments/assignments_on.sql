-- All that was granted on one resource.
SELECT subject, role, organization, expires_at, source
FROM main.authz_role_assignments
WHERE resource_type = +?1 AND resource_id = +?2
