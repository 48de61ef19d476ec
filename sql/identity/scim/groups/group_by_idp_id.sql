SELECT id, raw_attributes, revision, created_at, updated_at FROM main.authz_directory_groups WHERE directory = +?1 AND idp_id = +?2
