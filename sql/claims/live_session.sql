-- Whether a session is live and belongs to a user in an organization.
SELECT 1 FROM main._authz_sessions
WHERE id = ?1 AND user = +?2 AND organization = +?3 AND status = 'active' AND due_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
