SELECT 1 FROM main.authz_groups WHERE id = +?1
