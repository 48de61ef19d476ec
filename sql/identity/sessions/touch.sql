-- The session ?1 is in use at ?2.
UPDATE main._authz_sessions
SET last_active_at = ?2, due_at = (
  SELECT CASE inactivity_seconds WHEN 0 THEN expires_at
    ELSE min(expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', ?2, '+' || inactivity_seconds || ' seconds')) END
  FROM main._authz_session_settings)
WHERE id = +?1
