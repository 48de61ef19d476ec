SELECT 1 FROM main.authz_directory_group_members WHERE directory_group = +?1 AND member = +?2
