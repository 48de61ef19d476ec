SELECT id, raw_attributes, revision, created_at, updated_at FROM main.authz_directory_groups WHERE id = +?2 AND directory = +?1
