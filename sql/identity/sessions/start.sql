-- ?7 is when it starts.
INSERT INTO main._authz_sessions
  (user, organization, auth_method, ip_address, user_agent, impersonator, last_active_at, expires_at, due_at, created_at, updated_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, s.expires_at,
  CASE s.inactivity_seconds WHEN 0 THEN s.expires_at
    ELSE min(s.expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', ?7, '+' || s.inactivity_seconds || ' seconds')) END,
  ?7, ?7
FROM (
  SELECT inactivity_seconds, strftime('%Y-%m-%dT%H:%M:%fZ', ?7, '+' || max_seconds || ' seconds') AS expires_at
  FROM main._authz_session_settings
) AS s
WHERE 1
RETURNING id
