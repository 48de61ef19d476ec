INSERT INTO main._authz_consumers (consumer, position) VALUES (?1, ?2)
ON CONFLICT (consumer) DO UPDATE SET position = excluded.position, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
