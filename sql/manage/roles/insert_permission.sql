INSERT INTO main.authz_role_permissions (role, organization, permission) VALUES (?1, ?2, ?3)
