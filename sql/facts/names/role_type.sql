SELECT resource_type FROM main.authz_roles WHERE slug = +?1 AND organization IS +?2
