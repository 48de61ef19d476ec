-- A session of the application, and how many seconds after its start it was used last, ends or has ended.
SELECT id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at, ended_at, created_at, updated_at,
  round((julianday(last_active_at) - julianday(created_at)) * 86400, 3) AS active_after,
  round((julianday(ended_at) - julianday(created_at)) * 86400, 3) AS ended_after,
  round((julianday(expires_at) - julianday(created_at)) * 86400, 3) AS expires_after
FROM main.authz_sessions
WHERE id = ?1
