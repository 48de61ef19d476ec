DELETE FROM main.authz_role_permissions WHERE role = ?1 AND permission = ?2 AND organization IS NULL;
