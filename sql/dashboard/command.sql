SELECT kind, title, keywords, target, permission, resource_type, resource_id FROM main.authz_commands WHERE id = ?1
