-- The row of a resource: ?2 and ?3 are the two ways in which its id may be stored.
SELECT parent_type, parent_id, typeof(resource_id) = 'text'
FROM main.authz_resources
WHERE resource_type = ?1 AND resource_id = +?2
UNION ALL
SELECT parent_type, parent_id, typeof(resource_id) = 'text'
FROM main.authz_resources
WHERE resource_type = ?1 AND resource_id = +?3
LIMIT 1
