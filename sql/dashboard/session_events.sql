-- The events of the sign-in ?1 from ?2 to ?3, oldest first.
SELECT seq, id, event, data, context, created_at FROM main.authz_events
WHERE seq >= ?2 AND seq < ?3 AND event GLOB 'authentication.sso_*' AND data ->> '$.sso.session_id' = ?1
ORDER BY seq
LIMIT 20
