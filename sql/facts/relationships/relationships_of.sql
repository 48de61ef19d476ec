-- The resources of one type to which a subject has one relation by a relationship.
SELECT resource_id, expires_at FROM main.authz_relationships WHERE subject = +?1 AND relation = ?2 AND resource_type = ?3
