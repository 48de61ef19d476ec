SELECT resource_type, relation, definition FROM main.authz_relations ORDER BY resource_type, relation
