INSERT INTO main._authz_directory_people (directory, idp_id, user, organization) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (directory, idp_id) DO UPDATE SET user = excluded.user
