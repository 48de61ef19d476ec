INSERT INTO main.authz_attribute_definitions (name, kind, type, description, shown) VALUES (?1, 'custom', ?2, ?3, 1)
ON CONFLICT (name) DO UPDATE SET
  type = excluded.type, description = excluded.description, shown = 1, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
