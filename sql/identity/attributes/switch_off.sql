UPDATE main.authz_attribute_definitions SET shown = 0, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE name = ?1
