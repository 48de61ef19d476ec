SELECT id FROM main.authz_connections ORDER BY id
