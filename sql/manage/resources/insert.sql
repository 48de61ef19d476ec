INSERT INTO main.authz_resources (resource_type, resource_id, parent_type, parent_id, organization, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
