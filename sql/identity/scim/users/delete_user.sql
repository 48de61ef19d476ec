DELETE FROM main.authz_directory_users WHERE id = +?1
