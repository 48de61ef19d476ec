-- The roles that hold the permission ?1.
SELECT role, organization FROM main.authz_role_permissions WHERE permission = +?1 ORDER BY organization IS NOT NULL, role, organization LIMIT 500
