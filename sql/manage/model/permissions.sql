SELECT slug, resource_type, name, description, system, declared, relation FROM main.authz_permissions;
