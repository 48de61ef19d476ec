SELECT id, organization, name, type, state FROM main.authz_directories WHERE id = +?1
