INSERT INTO main._authz_sso_profiles (connection, idp_id, user, profile, first_seen_at, last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT (connection, idp_id) DO UPDATE SET user = excluded.user, profile = excluded.profile, last_seen_at = excluded.last_seen_at
