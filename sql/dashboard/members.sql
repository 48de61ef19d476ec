-- The members of the group ?1 after ?2.
SELECT subject FROM main.authz_group_members WHERE group_id = +?1 AND subject > ?2 ORDER BY subject LIMIT ?3
