SELECT t.slug FROM main.authz_resource_types AS t
WHERE NOT EXISTS (SELECT 1 FROM main.authz_resource_type_parents AS p WHERE p.resource_type = t.slug)
ORDER BY t.slug
