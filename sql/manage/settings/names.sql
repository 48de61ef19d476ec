SELECT name FROM main._authz_settings ORDER BY name
