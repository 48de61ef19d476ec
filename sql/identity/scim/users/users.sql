SELECT id, user, idp_id, email, first_name, last_name, state, raw_attributes, revision, created_at, updated_at
FROM main.authz_directory_users WHERE directory = +?1 ORDER BY username_key LIMIT ?2 OFFSET ?3
