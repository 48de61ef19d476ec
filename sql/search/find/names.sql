-- Every resource of a type with its name.
SELECT resource_id, name FROM main.authz_resources WHERE resource_type = +?1
