INSERT INTO main.authz_resource_type_parents (resource_type, parent_type, declared) VALUES (?1, ?2, 1);
