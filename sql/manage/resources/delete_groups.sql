DELETE FROM main.authz_groups WHERE organization = +?1
