-- What the role ?1 of the organization ?2 holds, after the permission ?3.
SELECT permission FROM main.authz_role_permissions
WHERE role = +?1 AND organization IS +?2 AND permission > ?3
ORDER BY permission
LIMIT ?4
