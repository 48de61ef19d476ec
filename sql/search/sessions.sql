-- The thousand newest sessions, and the one that is named.
SELECT id, "user", id || ' ' || auth_method || ' ' || status || ' ' || ifnull(ip_address, ''), status || ' › ' || created_at,
  json_object('session', id)
FROM main.authz_sessions
WHERE id = ?1 OR id IN (SELECT id FROM main.authz_sessions ORDER BY created_at DESC LIMIT 1000)
