-- The roles that a subject itself holds on an organization at a time.
SELECT r.slug, r.organization IS NOT NULL, r.priority
FROM main.authz_role_assignments AS a
JOIN main.authz_roles AS r ON r.slug = a.role AND r.organization IS a.organization
WHERE a.subject = +?1 AND a.resource_type = 'organization' AND a.resource_id = +?2
  AND (a.expires_at IS NULL OR a.expires_at > ?3)
