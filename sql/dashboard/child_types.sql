SELECT resource_type FROM main.authz_resource_type_parents WHERE parent_type = +?1 ORDER BY resource_type
