UPDATE main._authz_sso_sessions SET status = ?2, ended_at = max(started_at, ?3), error_code = ?4, error_message = ?5, response = ?6 WHERE id = +?1
