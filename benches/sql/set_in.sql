-- Hand-written: the set without a look at what was met before, for IN does not mind what comes twice. ?1 subject, ?2 permission, ?3 now.
WITH RECURSIVE
who (subject) AS (
  VALUES (?1)
  UNION
  SELECT 'group:' || m.group_id FROM who CROSS JOIN authz_group_members AS m ON m.subject = who.subject
),
below (resource_type, resource_id) AS (
  SELECT a.resource_type, a.resource_id
  FROM who CROSS JOIN authz_role_assignments AS a ON a.subject = who.subject
  WHERE a.role IN (SELECT role FROM authz_role_permissions WHERE permission = ?2) AND (a.expires_at IS NULL OR a.expires_at > ?3)
  UNION ALL
  SELECT r.resource_type, r.resource_id
  FROM below CROSS JOIN authz_resources AS r ON r.parent_type = below.resource_type AND r.parent_id = below.resource_id
)
SELECT count(*) FROM documents AS d WHERE d.id IN (SELECT resource_id FROM below WHERE resource_type = 'document')
