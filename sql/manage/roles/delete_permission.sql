DELETE FROM main.authz_role_permissions WHERE role = +?1 AND organization IS +?2 AND permission = +?3
