INSERT INTO main.authz_role_permissions (role, organization, permission, declared) VALUES (?1, ?2, ?3, ?4);
