-- When the next grant ends.
SELECT expires_at FROM main.authz_role_assignments WHERE expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now') ORDER BY expires_at LIMIT 1
