UPDATE main.authz_resources SET parent_type = ?3, parent_id = ?4, organization = ?5, name = ?6, given_external_id = ?7
WHERE resource_type = +?1 AND resource_id = +?2
