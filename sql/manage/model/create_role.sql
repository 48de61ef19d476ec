INSERT INTO main.authz_roles (slug, resource_type, name, description, is_default, priority, declared)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1);
