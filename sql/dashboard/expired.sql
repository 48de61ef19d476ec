-- How many assignments have ended by ?2, counted up to ?1.
SELECT count(*) FROM (SELECT 1 FROM main.authz_role_assignments WHERE expires_at <= ?2 LIMIT ?1)
