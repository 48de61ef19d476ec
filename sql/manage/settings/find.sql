SELECT value FROM main._authz_settings WHERE name = +?1
