DELETE FROM main.authz_role_assignments WHERE expires_at <= +?1
