DELETE FROM main._authz_bindings
