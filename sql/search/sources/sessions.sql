-- The thousand newest sessions, as they stand at ?2, and the one that is named.
SELECT id, user, id || ' ' || auth_method || ' ' || now || ' ' || ifnull(ip_address, ''), now || ' › ' || created_at,
  json_object('session', id)
FROM (
  SELECT *, CASE WHEN status = 'active' AND due_at <= ?2 THEN 'expired' ELSE status END AS now FROM main._authz_sessions
  WHERE id = ?1 OR id IN (SELECT id FROM main._authz_sessions ORDER BY created_at DESC LIMIT 1000)
)
