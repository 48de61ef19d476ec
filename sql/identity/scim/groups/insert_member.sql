INSERT INTO main.authz_directory_group_members (directory_group, member)
SELECT ?1, ?2
WHERE NOT EXISTS (SELECT 1 FROM main.authz_directory_group_members WHERE directory_group = +?1 AND member = +?2)
