DELETE FROM main.authz_relation_subjects WHERE resource_type = ?1 AND relation = ?2;
