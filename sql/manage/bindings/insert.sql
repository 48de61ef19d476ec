INSERT INTO main._authz_bindings (name, number, entry) VALUES (?1, ?2, ?3)
