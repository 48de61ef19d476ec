SELECT id FROM main.authz_directories ORDER BY id
