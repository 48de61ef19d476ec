INSERT INTO main.authz_permissions (slug, resource_type, name, description, declared, relation) VALUES (?1, ?2, ?3, ?4, 1, ?5);
