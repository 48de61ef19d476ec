SELECT id, user, idp_id, email, first_name, last_name, state, raw_attributes, revision, created_at, updated_at
FROM main.authz_directory_users WHERE id = +?2 AND directory = +?1
