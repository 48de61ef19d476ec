INSERT INTO main.authz_group_members (group_id, subject) VALUES (?1, ?2)
