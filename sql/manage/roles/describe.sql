UPDATE main.authz_roles SET name = ?3, description = ?4 WHERE slug = +?1 AND organization IS +?2
