-- Hand-written: the newest 20, each row asked upwards. ?1 subject, ?2 permission, ?3 now.
WITH RECURSIVE
who (subject) AS MATERIALIZED (
  VALUES (?1)
  UNION
  SELECT 'group:' || m.group_id FROM who CROSS JOIN authz_group_members AS m ON m.subject = who.subject
),
held (resource_type, resource_id) AS MATERIALIZED (
  SELECT DISTINCT a.resource_type, a.resource_id
  FROM who CROSS JOIN authz_role_assignments AS a ON a.subject = who.subject
  WHERE a.role IN (SELECT role FROM authz_role_permissions WHERE permission = ?2) AND (a.expires_at IS NULL OR a.expires_at > ?3)
)
SELECT d.id FROM documents AS d
WHERE EXISTS (
  WITH RECURSIVE up (resource_type, resource_id) AS (
    SELECT 'document', d.id
    UNION ALL
    SELECT r.parent_type, r.parent_id
    FROM up CROSS JOIN authz_resources AS r ON r.resource_type = up.resource_type AND r.resource_id = up.resource_id
    WHERE r.parent_type IS NOT NULL
  )
  SELECT 1 FROM up WHERE (up.resource_type, up.resource_id) IN (SELECT resource_type, resource_id FROM held)
)
ORDER BY d.edited_at DESC LIMIT 20
