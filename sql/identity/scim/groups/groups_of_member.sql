SELECT g.id, g.raw_attributes, g.revision, g.created_at, g.updated_at
FROM main.authz_directory_group_members AS m JOIN main.authz_directory_groups AS g ON g.id = m.directory_group
WHERE m.member = +?2 AND g.directory = +?1 ORDER BY g.name_key, g.id
