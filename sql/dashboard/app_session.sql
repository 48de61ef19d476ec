SELECT id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at, ended_at, created_at
FROM main.authz_sessions WHERE id = ?1
