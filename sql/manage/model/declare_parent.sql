UPDATE main.authz_resource_type_parents SET declared = 1 WHERE resource_type = ?1 AND parent_type = ?2;
