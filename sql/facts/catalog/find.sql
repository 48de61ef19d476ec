-- A resource by type and id; ?2 and ?3 are the two ways in which the id may be stored.
SELECT resource_id, parent_type, parent_id, organization, name, given_external_id FROM main.authz_resources WHERE resource_type = ?1 AND resource_id = +?2
UNION ALL
SELECT resource_id, parent_type, parent_id, organization, name, given_external_id FROM main.authz_resources WHERE resource_type = ?1 AND resource_id = +?3
LIMIT 1
