-- The thousand newest sign-ins through an identity provider, and the one that is named.
SELECT id, ifnull(email, id), id || ' ' || ifnull("user", '') || ' ' || status || ' ' || ifnull(ip_address, ''), status || ' › ' || started_at,
  json_object('sso_session', id)
FROM main.authz_sso_sessions
WHERE id = ?1 OR id IN (SELECT id FROM main.authz_sso_sessions ORDER BY started_at DESC LIMIT 1000)
