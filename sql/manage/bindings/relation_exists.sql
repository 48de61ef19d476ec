SELECT 1 FROM main.authz_relations WHERE resource_type = ?1 AND relation = ?2
