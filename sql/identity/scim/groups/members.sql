SELECT member FROM main.authz_directory_group_members WHERE directory_group = +?1 ORDER BY member
