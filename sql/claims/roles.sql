-- The roles that a user holds on an organization, also through groups, the one shown first: by the order of roles, then by slug.
WITH RECURSIVE holders (subject) AS (
  VALUES ('user:' || ?1)
  UNION
  SELECT 'group:' || g.group_id FROM holders AS h CROSS JOIN main.authz_group_members AS g ON g.subject = h.subject
)
SELECT r.slug
FROM holders AS h
CROSS JOIN main.authz_role_assignments AS a ON a.subject = h.subject AND a.resource_type = 'organization' AND a.resource_id = +?2
CROSS JOIN main.authz_roles AS r ON r.slug = a.role AND r.organization IS a.organization
WHERE a.expires_at IS NULL OR a.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
GROUP BY r.id
ORDER BY min(r.priority), r.slug
