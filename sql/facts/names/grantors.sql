-- The roles that hold a permission: environment roles by one partial index, organization roles by the other.
SELECT role, NULL FROM main.authz_role_permissions WHERE permission = +?1 AND organization IS NULL
UNION ALL
SELECT role, organization FROM main.authz_role_permissions WHERE permission = +?1 AND organization IS NOT NULL
