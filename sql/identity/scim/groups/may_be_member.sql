SELECT 1 FROM main.authz_directory_users WHERE id = +?2 AND directory = +?1
UNION ALL
SELECT 1 FROM main.authz_directory_groups WHERE id = +?2 AND directory = +?1
