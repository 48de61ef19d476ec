SELECT slug, description, declared FROM main.authz_resource_types;
