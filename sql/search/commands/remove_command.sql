DELETE FROM main.authz_commands WHERE id = +?1
