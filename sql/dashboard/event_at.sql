-- The first event from ?1 on.
SELECT seq, created_at FROM main.authz_events WHERE seq >= ?1 ORDER BY seq LIMIT 1
