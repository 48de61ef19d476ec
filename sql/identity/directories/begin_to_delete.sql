-- From now on only what another directory holds up as well stays.
UPDATE main.authz_directories SET state = 'deleting' WHERE id = +?1
