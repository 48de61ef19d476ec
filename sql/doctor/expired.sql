SELECT 'note', 'rows have expired; they grant nothing, and take up room', printf('%d rows of %s', found, name), 'SELECT authz_sweep(), or delete them'
FROM (
  SELECT 'authz_role_assignments' AS name, count(*) AS found FROM main.authz_role_assignments WHERE expires_at <= authz_now()
  UNION ALL
  SELECT 'authz_relationships', count(*) FROM main.authz_relationships WHERE expires_at <= authz_now())
WHERE found > 0
