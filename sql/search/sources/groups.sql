-- The two thousand groups with the greatest ids, which are the newest where ids are made by default, and a hundred whose id begins with the query.
SELECT id, ifnull(name, id), id || ' ' || ifnull(description, ''), organization, json_object('group', id)
FROM main.authz_groups
WHERE id IN (
  SELECT id FROM (SELECT id FROM main.authz_groups ORDER BY id DESC LIMIT 2000)
  UNION ALL
  SELECT id FROM (SELECT id FROM main.authz_groups WHERE id >= +?1 AND id < ?1 || char(1114111) LIMIT 100)
)
