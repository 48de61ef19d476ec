SELECT resource_type, relation, definition, declared FROM main.authz_relations;
