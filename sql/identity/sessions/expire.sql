-- Records the sessions that are over by the time ?1.
UPDATE main._authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at WHERE status = 'active' AND due_at <= +?1
