SELECT t.slug, p.parent_type
FROM main.authz_resource_types AS t
LEFT JOIN main.authz_resource_type_parents AS p ON p.resource_type = t.slug
ORDER BY t.slug, p.parent_type
