INSERT INTO main.authz_directory_groups (id, directory, organization, idp_id, name, name_key, raw_attributes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
