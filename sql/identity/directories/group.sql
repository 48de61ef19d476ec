SELECT group_id FROM main.authz_directory_groups WHERE id = +?2 AND directory = +?1
