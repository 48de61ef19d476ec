SELECT 1 FROM main.authz_directory_users WHERE user = +?1 AND directory = +?2
