SELECT DISTINCT 'note', 'a group holds roles and has no member, so that nobody has them by it', 'authz_role_assignments: ' || a.subject,
  'add members with authz_add_member, or revoke its roles if the name is a mistake'
FROM main.authz_role_assignments AS a
WHERE a.subject GLOB 'group:*' AND NOT EXISTS (SELECT 1 FROM main.authz_group_members AS m WHERE m.group_id = substr(a.subject, 7))
LIMIT 20
