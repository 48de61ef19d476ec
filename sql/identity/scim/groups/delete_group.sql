DELETE FROM main.authz_directory_groups WHERE id = +?1
