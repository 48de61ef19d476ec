-- Sessions of the application, of the ?4 newest before (?2, ?3): those of one status (?1); NULL means all. ?5 at the most.
SELECT id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at, ended_at, created_at
FROM (
  SELECT * FROM main.authz_sessions WHERE created_at <= ?2 AND (created_at, id) < (?2, ?3) ORDER BY created_at DESC, id DESC LIMIT ?4
)
WHERE ?1 IS NULL OR status = ?1
ORDER BY created_at DESC, id DESC
LIMIT ?5
