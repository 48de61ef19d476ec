SELECT 1 FROM main.authz_group_members WHERE group_id = +?1 AND subject = ?2
