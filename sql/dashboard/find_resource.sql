-- A resource by its type and by its id, as text or as the integer that the text stands for.
SELECT resource_id, parent_type, parent_id, organization, name, description, created_at, updated_at
FROM main.authz_resources
WHERE resource_type = ?1 AND resource_id IN (?2, ?3)
