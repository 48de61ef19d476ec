-- What a subject may see of a type, with names, up to a number.
SELECT resource_id, name FROM main.authz_list_resources(?1, ?2, ?3) LIMIT ?4 + 0
