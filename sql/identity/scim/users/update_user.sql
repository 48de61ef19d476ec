UPDATE main.authz_directory_users
SET idp_id = ?2, email = ?3, username = ?4, username_key = ?5, first_name = ?6, last_name = ?7,
  state = CASE WHEN ?8 THEN 'active' ELSE 'inactive' END, raw_attributes = ?9, revision = revision + 1,
  updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE id = +?1
