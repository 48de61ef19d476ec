SELECT id, raw_attributes, revision, created_at, updated_at FROM main.authz_directory_groups WHERE directory = +?1 ORDER BY name_key, id LIMIT ?2 OFFSET ?3
