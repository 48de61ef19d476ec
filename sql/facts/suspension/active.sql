-- The organizations in which a user is active.
SELECT organization FROM main._authz_standings WHERE user = +?1 AND active IS 1
