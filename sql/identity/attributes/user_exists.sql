SELECT 1 FROM main.authz_users WHERE id = ?1
