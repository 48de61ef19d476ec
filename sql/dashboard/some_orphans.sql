SELECT subject, relation, resource_type, resource_id FROM main.authz_orphans LIMIT ?1
