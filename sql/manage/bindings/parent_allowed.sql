SELECT 1 FROM main.authz_resource_type_parents WHERE resource_type = ?1 AND parent_type = ?2
