-- Records the sign-ins that were not completed in time, by the time ?1.
UPDATE main._authz_sso_sessions SET status = 'timed_out', ended_at = expires_at WHERE status = 'in_progress' AND expires_at <= +?1
