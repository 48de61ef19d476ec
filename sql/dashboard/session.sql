-- A sign-in with its connection and what its error means, and how many seconds after its start it ended or will have timed out.
SELECT s.id, s.organization, s.connection, c.name, c.type, s.origin, s.status, s.ip_address, s.user_agent, s.user, s.email, s.started_at,
  s.expires_at, s.ended_at, s.error_code, s.error_message, s.request, s.response, e.description, e.next_step,
  round((julianday(ifnull(s.ended_at, s.expires_at)) - julianday(s.started_at)) * 86400, 3)
FROM main.authz_sso_sessions AS s
LEFT JOIN main.authz_connections AS c ON c.id = s.connection
LEFT JOIN main.authz_sso_errors AS e ON e.code = s.error_code
WHERE s.id = ?1
