SELECT slug, description, declared, search FROM main.authz_resource_types;
