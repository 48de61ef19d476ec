-- The organizations in which a user is suspended.
SELECT organization FROM main._authz_suspensions WHERE user = ?1
