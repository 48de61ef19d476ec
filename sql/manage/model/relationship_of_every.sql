SELECT subject || ' to ' || resource_type || ' ' || resource_id FROM main.authz_relationships
WHERE resource_type = ?1 AND relation = ?2 AND subject = ?3 || ':*'
LIMIT 1;
