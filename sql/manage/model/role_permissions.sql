SELECT role, permission, declared FROM main.authz_role_permissions WHERE organization IS NULL;
