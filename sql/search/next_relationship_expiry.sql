-- When the next relationship ends.
SELECT expires_at FROM main.authz_relationships WHERE expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now') ORDER BY expires_at LIMIT 1
