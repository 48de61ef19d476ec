SELECT id, raw_attributes, revision, created_at, updated_at FROM main.authz_directory_groups WHERE directory = +?1 AND name_key = +?2 ORDER BY id
