INSERT INTO main.authz_relations (resource_type, relation, definition, declared) VALUES (?1, ?2, ?3, 1);
