SELECT subject FROM main.authz_group_members WHERE group_id = +?1 LIMIT ?2 + 0
