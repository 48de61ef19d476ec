-- A session that was not recorded as ended: whose it is, where, until when.
SELECT user, organization, due_at, last_active_at FROM main._authz_sessions WHERE id = +?1 AND status = 'active'
