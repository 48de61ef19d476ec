SELECT id FROM main.authz_groups LIMIT 10000
