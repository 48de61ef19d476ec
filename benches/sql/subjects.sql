-- Hand-written: who may read a document. ?1 its id, ?2 permission, ?3 now.
WITH RECURSIVE
up (resource_type, resource_id) AS (
  SELECT 'document', ?1
  UNION ALL
  SELECT r.parent_type, r.parent_id
  FROM up CROSS JOIN authz_resources AS r ON r.resource_type = up.resource_type AND r.resource_id = up.resource_id
  WHERE r.parent_type IS NOT NULL
),
who (subject) AS (
  SELECT a.subject
  FROM up CROSS JOIN authz_role_assignments AS a ON a.resource_type = up.resource_type AND a.resource_id = up.resource_id
  WHERE a.role IN (SELECT role FROM authz_role_permissions WHERE permission = ?2) AND (a.expires_at IS NULL OR a.expires_at > ?3)
  UNION
  SELECT m.subject FROM who CROSS JOIN authz_group_members AS m ON m.group_id = substr(who.subject, 7)
  WHERE who.subject >= 'group:' AND who.subject < 'group;'
)
SELECT subject FROM who ORDER BY subject
