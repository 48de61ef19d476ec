SELECT id, user, idp_id, email, first_name, last_name, state, raw_attributes, revision, created_at, updated_at
FROM main.authz_directory_users WHERE directory = +?1 AND username_key = +?2
