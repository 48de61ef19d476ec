-- The last of the ?3 newest sign-ins before (?1, ?2), where there are so many.
SELECT started_at, id FROM main.authz_sso_sessions
WHERE started_at <= ?1 AND (started_at, id) < (?1, ?2)
ORDER BY started_at DESC, id DESC
LIMIT 1 OFFSET ?3 - 1
