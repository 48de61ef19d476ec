DELETE FROM main.authz_role_assignments WHERE role = +?1 AND organization IS +?2
