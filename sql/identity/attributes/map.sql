INSERT INTO main.authz_attribute_mappings (provider, name, path) VALUES (?1, ?2, ?3)
ON CONFLICT (provider, name) DO UPDATE SET path = excluded.path, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
