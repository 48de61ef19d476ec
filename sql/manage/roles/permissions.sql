SELECT permission FROM main.authz_role_permissions WHERE role = +?1 AND organization IS +?2 ORDER BY permission
