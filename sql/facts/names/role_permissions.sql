-- The permissions of one type that a role holds.
SELECT rp.permission
FROM main.authz_role_permissions AS rp
JOIN main.authz_permissions AS p ON p.slug = rp.permission
WHERE rp.role = +?1 AND rp.organization IS +?2 AND p.resource_type = +?3
