-- A new user, with the e-mail address (?1) unless it is somebody else's.
INSERT INTO main.authz_users (email, first_name, last_name)
SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM main.authz_users WHERE lower(email) = lower(?1)) THEN ?1 END, ?2, ?3
RETURNING id
