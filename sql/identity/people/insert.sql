INSERT INTO main.authz_users (email, first_name, last_name) VALUES (?1, ?2, ?3) RETURNING id
