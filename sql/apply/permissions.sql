SELECT slug, resource_type, name, description, system, declared FROM main.authz_permissions;
