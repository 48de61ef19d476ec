DELETE FROM main.authz_directories WHERE id = +?1
