UPDATE main._authz_settings SET value = ?2 WHERE name = +?1
