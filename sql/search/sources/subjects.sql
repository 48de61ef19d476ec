-- Every subject, groups left out, that holds a role or is a member of a group. Hops from each to the next by the index.
WITH RECURSIVE
  holder (subject) AS (
    SELECT min(subject) FROM main.authz_role_assignments
    UNION ALL
    SELECT (SELECT min(a.subject) FROM main.authz_role_assignments AS a WHERE a.subject > holder.subject) FROM holder WHERE subject IS NOT NULL
  ),
  member (subject) AS (
    SELECT min(subject) FROM main.authz_group_members
    UNION ALL
    SELECT (SELECT min(m.subject) FROM main.authz_group_members AS m WHERE m.subject > member.subject) FROM member WHERE subject IS NOT NULL
  )
SELECT subject, substr(subject, instr(subject, ':') + 1), subject, substr(subject, 1, instr(subject, ':') - 1), json_object('subject', subject)
FROM (SELECT subject FROM holder UNION SELECT subject FROM member)
WHERE subject NOT GLOB 'group:*'
