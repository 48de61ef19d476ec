SELECT slug, ifnull(name, slug), slug || ' ' || ifnull(description, ''), resource_type, json_object('permission', slug)
FROM main.authz_permissions
