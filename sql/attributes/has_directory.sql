SELECT 1 FROM main.authz_directories WHERE id = ?1
