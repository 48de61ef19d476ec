-- The groups right in a group.
SELECT subject FROM main.authz_group_members WHERE group_id = +?1 AND subject >= 'group:' AND subject < 'group;'
