-- Whether there are relationships to the resource of the type ?1 with the id ?2, or ?3 as an integer.
SELECT EXISTS (SELECT 1 FROM main.authz_relationships WHERE resource_type = ?1 AND resource_id IN (?2, ?3))
