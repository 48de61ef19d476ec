-- What changed since the index was caught up, as it is now; NULL where the resource is gone.
SELECT n.resource_type, n.resource_id, r.resource_type IS NOT NULL, r.name
FROM main._authz_search_notes AS n
LEFT JOIN main.authz_resources AS r ON r.resource_type = n.resource_type AND r.resource_id = n.resource_id
LIMIT ?1 + 0
