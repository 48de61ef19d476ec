-- A session, as it was recorded.
SELECT id, organization, connection, origin, status, ip_address, user_agent, user, email, started_at, expires_at, ended_at, error_code,
  error_message, request, response
FROM main._authz_sso_sessions WHERE id = +?1
