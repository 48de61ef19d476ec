INSERT INTO main._authz_known_users (user, organization, email) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
