-- Gives a user (?1) who has no e-mail address this one (?2), unless it is somebody else's.
UPDATE main.authz_users SET email = ?2
WHERE id = +?1 AND email IS NULL AND NOT EXISTS (SELECT 1 FROM main.authz_users WHERE lower(email) = lower(?2))
