-- The permissions of the roles that a user holds on an organization, also through groups.
WITH RECURSIVE holders (subject) AS (
  VALUES ('user:' || ?1)
  UNION
  SELECT 'group:' || g.group_id FROM holders AS h CROSS JOIN main.authz_group_members AS g ON g.subject = h.subject
)
SELECT DISTINCT p.permission
FROM holders AS h
CROSS JOIN main.authz_role_assignments AS a ON a.subject = h.subject AND a.resource_type = 'organization' AND a.resource_id = +?2
CROSS JOIN main.authz_role_permissions AS p ON p.role = a.role AND p.organization IS a.organization
WHERE a.expires_at IS NULL OR a.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
ORDER BY p.permission
