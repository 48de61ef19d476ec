SELECT count(*) FROM main.authz_directory_groups WHERE directory = +?1
