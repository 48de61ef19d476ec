SELECT rp.role, rp.organization, r.resource_type, rp.permission, rp.declared
FROM main.authz_role_permissions AS rp
JOIN main.authz_roles AS r ON r.slug = rp.role AND r.organization = rp.organization
WHERE rp.organization IS NOT NULL
ORDER BY rp.role, rp.organization, rp.permission;
