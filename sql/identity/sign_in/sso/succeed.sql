UPDATE main._authz_sso_sessions SET status = ?2, ended_at = max(started_at, ?3), user = ?4, email = ?5, response = ?6 WHERE id = +?1
