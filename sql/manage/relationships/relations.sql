SELECT relation FROM main.authz_relations WHERE resource_type = +?1 ORDER BY relation
