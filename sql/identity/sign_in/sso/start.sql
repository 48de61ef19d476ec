-- ?5 is when it starts, ?6 how many seconds it may take; a test has no end.
INSERT INTO main._authz_sso_sessions (connection, organization, origin, email, started_at, expires_at, ip_address, user_agent, request)
VALUES (?1, ?2, ?3, ?4, ?5, CASE ?3 WHEN 'test' THEN NULL ELSE strftime('%Y-%m-%dT%H:%M:%fZ', ?5, '+' || ?6 || ' seconds') END, ?7, ?8, ?9)
RETURNING id
