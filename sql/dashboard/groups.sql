-- Groups after ?1, each with how many members it has, counted up to ?2.
SELECT g.id, g.name, g.organization,
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_group_members AS m WHERE m.group_id = g.id LIMIT ?2))
FROM main.authz_groups AS g
WHERE g.id > ?1
ORDER BY g.id
LIMIT ?3
