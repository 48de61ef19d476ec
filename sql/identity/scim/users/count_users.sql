SELECT count(*) FROM main.authz_directory_users WHERE directory = +?1
