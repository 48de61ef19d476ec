-- A resource by its id; ?2 and ?3 are the two ways in which that may be stored.
SELECT resource_id, name FROM main.authz_resources WHERE resource_type = ?1 AND resource_id IN (+?2, +?3) LIMIT 1
