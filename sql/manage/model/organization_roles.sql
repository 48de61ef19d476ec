SELECT slug, resource_type FROM main.authz_roles WHERE organization IS NOT NULL ORDER BY slug;
