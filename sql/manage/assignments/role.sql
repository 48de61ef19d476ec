-- The resource type of a role: an environment role, or one of the organization ?2.
SELECT resource_type, organization FROM main.authz_roles WHERE slug = +?1 AND (organization IS NULL OR organization = +?2)
