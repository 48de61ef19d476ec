UPDATE main.authz_role_permissions SET declared = 1 WHERE role = ?1 AND permission = ?2 AND organization IS NULL;
