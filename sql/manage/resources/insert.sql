INSERT INTO main.authz_resources (resource_type, resource_id, parent_type, parent_id, organization, name, given_external_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
