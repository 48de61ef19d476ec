-- Roles that nobody holds, ?1 at the most. The role that every membership has where it has no other is left out.
SELECT r.slug, r.organization
FROM main.authz_roles AS r
WHERE r.is_default = 0
  AND NOT EXISTS (SELECT 1 FROM main.authz_role_assignments AS a WHERE a.role = r.slug AND a.organization IS r.organization)
ORDER BY r.slug
LIMIT ?1
