-- All that a subject was itself granted.
SELECT resource_type, resource_id, role, organization, expires_at FROM main.authz_role_assignments WHERE subject = +?1
