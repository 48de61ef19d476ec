-- The newest sign-ins, ?5 at the most: of one status (?1), through one connection (?2), of one address (?3), begun at ?4 or later; NULL
-- means all.
SELECT started_at, status, connection, email, user, origin,
  round((julianday(ended_at) - julianday(started_at)) * 86400, 3) AS seconds, error_code AS error, id
FROM main.authz_sso_sessions
WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR connection = ?2) AND (?3 IS NULL OR lower(email) = lower(?3))
  AND started_at >= ifnull(?4, '')
ORDER BY started_at DESC, id DESC
LIMIT +?5
