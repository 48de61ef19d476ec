INSERT INTO main.authz_directories (id, organization, name, type) VALUES (?1, ?2, ?3, ifnull(?4, 'generic scim v2.0'))
