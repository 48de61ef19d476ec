UPDATE main.authz_relations SET definition = ?3, declared = 1 WHERE resource_type = ?1 AND relation = ?2;
