SELECT slug, resource_type, name, description, is_default, priority, declared FROM main.authz_roles WHERE organization IS NULL;
