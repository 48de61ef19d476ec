-- Subjects after ?1 and before ?2, ?3 at the most: users, and whoever holds a role, is in a group or has a relationship. Hops from each to
-- the next by the indexes.
WITH RECURSIVE next (subject) AS (
  SELECT ?1
  UNION ALL
  SELECT (
    SELECT min(s) FROM (
      SELECT min(a.subject) AS s FROM main.authz_role_assignments AS a WHERE a.subject > next.subject
      UNION ALL
      SELECT min(m.subject) FROM main.authz_group_members AS m WHERE m.subject > next.subject
      UNION ALL
      SELECT min(r.subject) FROM main.authz_relationships AS r WHERE r.subject > next.subject
      UNION ALL
      SELECT 'group:' || min(g.id) FROM main.authz_groups AS g
      WHERE g.id > CASE WHEN next.subject < 'group:' THEN '' WHEN next.subject < 'group;' THEN substr(next.subject, 7) END
      UNION ALL
      SELECT 'user:' || min(u.id) FROM main.authz_users AS u
      WHERE u.id > CASE WHEN next.subject < 'user:' THEN '' WHEN next.subject < 'user;' THEN substr(next.subject, 6) END
    )
  )
  FROM next WHERE subject < ?2
  LIMIT ?3 + 1
)
SELECT n.subject, coalesce(nullif(trim(ifnull(u.first_name, '') || ' ' || ifnull(u.last_name, '')), ''), g.name), u.email
FROM next AS n
LEFT JOIN main.authz_users AS u ON n.subject GLOB 'user:*' AND u.id = substr(n.subject, 6)
LEFT JOIN main.authz_groups AS g ON n.subject GLOB 'group:*' AND g.id = substr(n.subject, 7)
WHERE n.subject > ?1 AND n.subject < ?2
