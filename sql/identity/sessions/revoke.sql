UPDATE main._authz_sessions SET status = 'revoked', ended_at = max(created_at, ?2), updated_at = max(created_at, ?2)
WHERE id = +?1 AND status = 'active'
