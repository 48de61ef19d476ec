UPDATE main.authz_directory_groups
SET idp_id = ?2, name = ?3, name_key = ?4, raw_attributes = ?5, revision = revision + 1,
  updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE id = +?1
