-- When the next grant after ?1 ends.
SELECT expires_at FROM main.authz_role_assignments WHERE expires_at > +?1 ORDER BY expires_at LIMIT 1
