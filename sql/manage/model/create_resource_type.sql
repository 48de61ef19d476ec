INSERT INTO main.authz_resource_types (slug, description, declared) VALUES (?1, ?2, 1);
