-- One decision by hand, upwards from the document. ?1 subject, ?2 the document's id, ?3 now.
WITH RECURSIVE
who (subject) AS (
  VALUES (?1)
  UNION
  SELECT 'group:' || m.group_id FROM who CROSS JOIN authz_group_members AS m ON m.subject = who.subject
),
up (resource_type, resource_id) AS (
  SELECT 'document', ?2
  UNION ALL
  SELECT r.parent_type, r.parent_id
  FROM up CROSS JOIN authz_resources AS r ON r.resource_type = up.resource_type AND r.resource_id = up.resource_id
  WHERE r.parent_type IS NOT NULL
)
SELECT EXISTS (
  SELECT 1
  FROM up CROSS JOIN who
  CROSS JOIN authz_role_assignments AS a
    ON a.subject = who.subject AND a.resource_type = up.resource_type AND a.resource_id = up.resource_id
  WHERE a.role IN (SELECT role FROM authz_role_permissions WHERE permission = 'document:read')
    AND (a.expires_at IS NULL OR a.expires_at > ?3)
)
