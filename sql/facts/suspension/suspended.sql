-- The organizations in which a user is suspended.
SELECT organization FROM main._authz_standings WHERE user = +?1 AND active IS NOT 1
