-- On which resources of the type ?3 the subject ?1 has ?2, after the id ?4.
SELECT m.resource_id, (SELECT r.name FROM main.authz_resources AS r WHERE r.resource_type = ?3 AND r.resource_id = m.resource_id)
FROM (
  SELECT resource_id FROM main.authz_list_resources(?1, ?2, ?3) WHERE resource_id > ?4 ORDER BY resource_id LIMIT ?5
) AS m
ORDER BY m.resource_id
