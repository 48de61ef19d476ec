INSERT INTO main._authz_known_users (user, organization) VALUES (?1, ?2) ON CONFLICT DO NOTHING
