DELETE FROM main.authz_relationships WHERE expires_at <= +?1
