DELETE FROM main.authz_relationships WHERE subject = +?1 AND relation = +?2 AND resource_type = +?3 AND resource_id = +?4
