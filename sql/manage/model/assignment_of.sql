SELECT subject FROM main.authz_role_assignments WHERE role = ?1 AND organization IS NULL LIMIT 1;
