-- What a resource lies in, from the top down, itself included, each with how far up it is: of a long way both of its ends.
WITH up AS MATERIALIZED (SELECT depth, resource_type, resource_id FROM main.authz_ancestors(?1, ?2))
SELECT u.resource_type, u.resource_id, r.name, u.depth
FROM up AS u
LEFT JOIN main.authz_resources AS r ON r.resource_type = u.resource_type AND r.resource_id = u.resource_id
WHERE u.depth <= 8 OR u.depth >= (SELECT max(depth) FROM up) - 1
ORDER BY u.depth DESC
