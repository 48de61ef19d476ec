SELECT g.id, g.name
FROM main.authz_directory_group_members AS m JOIN main.authz_directory_groups AS g ON g.id = m.directory_group
WHERE m.member = +?1 ORDER BY g.id
