SELECT slug FROM main.authz_roles WHERE organization IS +?1 ORDER BY priority, slug
