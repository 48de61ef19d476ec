-- Of the ?9 newest sign-ins before (?7, ?8): those of one status (?1), origin (?2), connection (?3), organization (?4), of that id, user,
-- e-mail address or client address (?5), begun from ?6 on; NULL means all. ?10 at the most.
SELECT id, status, origin, connection, organization, user, email, started_at, expires_at, ended_at, error_code
FROM (
  SELECT id, status, origin, connection, organization, user, email, ip_address, started_at, expires_at, ended_at, error_code
  FROM main.authz_sso_sessions
  WHERE started_at <= ?7 AND (started_at, id) < (?7, ?8)
  ORDER BY started_at DESC, id DESC
  LIMIT ?9
)
WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR origin = ?2) AND (?3 IS NULL OR connection = ?3)
  AND (?4 IS NULL OR CAST(organization AS TEXT) = ?4)
  AND (?5 IS NULL OR id = ?5 OR user = ?5 OR lower(email) = lower(?5) OR ip_address = ?5)
  AND (?6 IS NULL OR started_at >= ?6)
ORDER BY started_at DESC, id DESC
LIMIT ?10
