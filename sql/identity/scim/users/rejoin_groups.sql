INSERT INTO main.authz_group_members (group_id, subject)
SELECT DISTINCT g.group_id, 'user:' || u.user
FROM main.authz_directory_users AS u
JOIN main.authz_directory_group_members AS m ON m.member = u.id
JOIN main.authz_directory_groups AS g ON g.id = m.directory_group
WHERE u.user = +?1 AND u.organization = +?2
  AND NOT EXISTS (SELECT 1 FROM main.authz_group_members AS held WHERE held.group_id = g.group_id AND held.subject = 'user:' || u.user)
