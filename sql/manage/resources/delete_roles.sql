DELETE FROM main.authz_roles WHERE organization = +?1
