INSERT INTO main.authz_permissions (slug, resource_type, name, description) VALUES (?1, ifnull(?2, 'organization'), ?3, ?4)
