SELECT 1 FROM main.authz_directory_groups WHERE directory = +?1 AND idp_id = +?2 AND id <> ?3
