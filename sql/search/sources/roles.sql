SELECT slug, ifnull(name, slug), slug || ' ' || ifnull(description, ''),
  resource_type || CASE WHEN organization IS NULL THEN '' ELSE ' › ' || organization END,
  json_object('role', slug, 'organization', organization)
FROM main.authz_roles
