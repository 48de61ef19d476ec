-- What a resource lies in, from the top down, itself included.
SELECT a.resource_type, a.resource_id, r.name
FROM main.authz_ancestors(?1, ?2) AS a
LEFT JOIN main.authz_resources AS r ON r.resource_type = a.resource_type AND r.resource_id = a.resource_id
WHERE a.depth <= 100
ORDER BY a.depth DESC
