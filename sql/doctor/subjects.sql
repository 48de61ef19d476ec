-- Only where the file knows users at all; an application may have its own.
SELECT DISTINCT 'warning', 'a user that holds something has no row in authz_users: was it deleted?', printf('%s: %s', s.place, s.subject),
  'revoke what it holds before the id is given to somebody else, or add the user'
FROM (
  SELECT 'authz_role_assignments' AS place, subject FROM main.authz_role_assignments WHERE subject GLOB 'user:*'
  UNION ALL
  SELECT 'authz_group_members', subject FROM main.authz_group_members WHERE subject GLOB 'user:*'
  UNION ALL
  SELECT 'authz_relationships', subject FROM main.authz_relationships WHERE subject GLOB 'user:*' AND subject <> 'user:*') AS s
WHERE 'user' NOT IN (SELECT name FROM main._authz_bindings WHERE number = 0)
  AND EXISTS (SELECT 1 FROM main.authz_users) AND NOT EXISTS (SELECT 1 FROM main.authz_users AS u WHERE u.id = substr(s.subject, 6))
LIMIT 20
