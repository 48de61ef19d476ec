-- When the next relationship after ?1 ends.
SELECT expires_at FROM main.authz_relationships WHERE expires_at > +?1 ORDER BY expires_at LIMIT 1
