INSERT INTO main.authz_role_assignments (subject, resource_type, resource_id, role, organization, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
