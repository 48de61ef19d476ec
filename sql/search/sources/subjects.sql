-- Subjects, groups left out, that hold a role or are members of a group: of either the first two thousand; and, of each of a hundred types, a
-- hundred whose id begins with the query. Hops from each to the next by the index.
WITH RECURSIVE
  holder (subject) AS (
    SELECT min(subject) FROM main.authz_role_assignments
    UNION ALL
    SELECT (SELECT min(a.subject) FROM main.authz_role_assignments AS a WHERE a.subject > holder.subject) FROM holder WHERE subject IS NOT NULL
    LIMIT 2000
  ),
  member (subject) AS (
    SELECT min(subject) FROM main.authz_group_members
    UNION ALL
    SELECT (SELECT min(m.subject) FROM main.authz_group_members AS m WHERE m.subject > member.subject) FROM member WHERE subject IS NOT NULL
    LIMIT 2000
  ),
  -- The first subject of each type. The semicolon comes after the colon.
  holding_type (subject) AS (
    SELECT min(subject) FROM main.authz_role_assignments
    UNION ALL
    SELECT (
      SELECT min(a.subject) FROM main.authz_role_assignments AS a
      WHERE a.subject > substr(holding_type.subject, 1, instr(holding_type.subject, ':') - 1) || ';'
    )
    FROM holding_type WHERE subject IS NOT NULL
    LIMIT 100
  ),
  member_type (subject) AS (
    SELECT min(subject) FROM main.authz_group_members
    UNION ALL
    SELECT (
      SELECT min(m.subject) FROM main.authz_group_members AS m
      WHERE m.subject > substr(member_type.subject, 1, instr(member_type.subject, ':') - 1) || ';'
    )
    FROM member_type WHERE subject IS NOT NULL
    LIMIT 100
  ),
  prefix (text) AS (
    SELECT CASE WHEN instr(?1, ':') THEN ?1 ELSE substr(subject, 1, instr(subject, ':')) || ?1 END
    FROM (SELECT subject FROM holding_type UNION ALL SELECT subject FROM member_type)
    WHERE subject NOT GLOB 'group:*'
    GROUP BY 1
  ),
  named_holder (subject, text, number) AS (
    SELECT (SELECT min(a.subject) FROM main.authz_role_assignments AS a WHERE a.subject >= text), text, 1 FROM prefix
    UNION ALL
    SELECT (SELECT min(a.subject) FROM main.authz_role_assignments AS a WHERE a.subject > named_holder.subject), text, number + 1
    FROM named_holder WHERE substr(subject, 1, length(text)) = text AND number < 100
  ),
  named_member (subject, text, number) AS (
    SELECT (SELECT min(m.subject) FROM main.authz_group_members AS m WHERE m.subject >= text), text, 1 FROM prefix
    UNION ALL
    SELECT (SELECT min(m.subject) FROM main.authz_group_members AS m WHERE m.subject > named_member.subject), text, number + 1
    FROM named_member WHERE substr(subject, 1, length(text)) = text AND number < 100
  )
SELECT subject, substr(subject, instr(subject, ':') + 1), subject, substr(subject, 1, instr(subject, ':') - 1), json_object('subject', subject)
FROM (
  SELECT subject FROM holder
  UNION
  SELECT subject FROM member
  UNION
  SELECT subject FROM named_holder
  UNION
  SELECT subject FROM named_member
)
WHERE subject NOT GLOB 'group:*'
