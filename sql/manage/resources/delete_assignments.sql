DELETE FROM main.authz_role_assignments WHERE resource_type = 'organization' AND resource_id = +?1
