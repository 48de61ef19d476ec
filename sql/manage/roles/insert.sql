INSERT INTO main.authz_roles (slug, organization, resource_type, name, description) VALUES (?1, ?2, ifnull(?3, 'organization'), ?4, ?5)
