-- The groups that the subject ?1 is a member of itself, after ?2.
SELECT group_id FROM main.authz_group_members WHERE subject = +?1 AND group_id > ?2 ORDER BY group_id LIMIT ?3
