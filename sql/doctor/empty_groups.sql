SELECT DISTINCT 'warning', 'a group holds roles and is neither registered nor has a member', 'authz_role_assignments: ' || a.subject,
  'add members with authz_add_member, or revoke its roles'
FROM main.authz_role_assignments AS a
WHERE a.subject GLOB 'group:*'
  AND NOT EXISTS (SELECT 1 FROM main.authz_groups AS g WHERE g.id = substr(a.subject, 7))
  AND NOT EXISTS (SELECT 1 FROM main.authz_group_members AS m WHERE m.group_id = substr(a.subject, 7))
LIMIT 20
