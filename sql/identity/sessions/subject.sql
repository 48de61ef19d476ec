-- A session that was not recorded as ended: whose it is, until when, where.
SELECT user, due_at, organization FROM main._authz_sessions WHERE id = +?1 AND status = 'active'
