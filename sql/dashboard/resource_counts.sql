-- Each type with how many resources it has, counted up to ?1.
SELECT t.slug, (SELECT count(*) FROM (SELECT 1 FROM main.authz_resources AS r WHERE r.resource_type = t.slug LIMIT ?1))
FROM main.authz_resource_types AS t
ORDER BY t.slug
