INSERT INTO main.authz_relationships (subject, relation, resource_type, resource_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
