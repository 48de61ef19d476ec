-- ?4 and ?5 are the two ways in which the id may be stored.
SELECT resource_id, expires_at FROM main.authz_relationships
WHERE subject = +?1 AND relation = +?2 AND resource_type = +?3 AND resource_id IN (+?4, +?5)
