SELECT name, number, entry FROM main._authz_bindings ORDER BY name, number
