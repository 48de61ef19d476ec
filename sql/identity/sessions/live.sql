-- When a session that was not recorded as ended is over, and when it was used last.
SELECT due_at, last_active_at FROM main._authz_sessions WHERE id = +?1 AND status = 'active'
