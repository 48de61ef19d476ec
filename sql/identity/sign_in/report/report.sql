-- The sign-ins since ?1, all where it is NULL, without those that try a connection: what became of them, and how long it took.
SELECT connection, organization, status, expires_at, error_code, (julianday(ended_at) - julianday(started_at)) * 86400
FROM main._authz_sso_sessions
WHERE origin <> 'test' AND started_at >= ifnull(?1, '')
