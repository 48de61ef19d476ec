-- Whether anything is over by the time ?1 that was not recorded.
SELECT EXISTS (SELECT 1 FROM main._authz_sso_sessions WHERE status = 'in_progress' AND expires_at <= +?1)
  OR EXISTS (SELECT 1 FROM main._authz_sessions WHERE status = 'active' AND due_at <= +?1)
  OR EXISTS (SELECT 1 FROM main.authz_role_assignments WHERE expires_at <= +?1)
  OR EXISTS (SELECT 1 FROM main.authz_relationships WHERE expires_at <= +?1)
