SELECT resource_type, parent_type, declared FROM main.authz_resource_type_parents;
