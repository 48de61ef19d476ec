UPDATE main.authz_resource_types SET description = ?2, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE slug = ?1;
