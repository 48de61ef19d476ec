SELECT id, kind, title, keywords, target, permission, resource_type, resource_id FROM main.authz_commands
