-- A role by its slug and its organization, NULL for an environment role.
SELECT id, slug, organization, resource_type, name, description, is_default, priority, created_at, updated_at
FROM main.authz_roles
WHERE slug = +?1 AND organization IS +?2
