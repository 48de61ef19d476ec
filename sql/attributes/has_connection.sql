SELECT 1 FROM main.authz_connections WHERE id = ?1
