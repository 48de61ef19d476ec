-- The thousand newest sign-ins through an identity provider, as they stand at ?2, and the one that is named.
SELECT id, ifnull(email, id), id || ' ' || ifnull(user, '') || ' ' || now || ' ' || ifnull(ip_address, ''), now || ' › ' || started_at,
  json_object('sso_session', id)
FROM (
  SELECT *, CASE WHEN status = 'in_progress' AND expires_at <= ?2 THEN 'timed_out' ELSE status END AS now FROM main._authz_sso_sessions
  WHERE id = ?1 OR id IN (SELECT id FROM main._authz_sso_sessions ORDER BY started_at DESC LIMIT 1000)
)
