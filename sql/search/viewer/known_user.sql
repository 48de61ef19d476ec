SELECT EXISTS (SELECT 1 FROM main.authz_users WHERE 'user:' || id = ?1 AND id = substr(?1, 6))
