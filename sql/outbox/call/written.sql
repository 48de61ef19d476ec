-- The events of the running call, in order: the number, the name, whether the row after it says how the object was before, and a key that
-- two events of one object share. What it is made of is quoted and so never ambiguous.
SELECT
  o.seq,
  o.event,
  EXISTS (SELECT 1 FROM main._authz_outbox AS p WHERE p.seq = o.seq + 1 AND p.event IS NULL AND p.kind = o.kind),
  o.kind || quote(o.id) || quote(o.subject) || quote(o.role) || quote(o.resource_type) || quote(o.resource_id) || quote(o.source)
  -- that of a permission may change
  || CASE o.kind WHEN 'relationship' THEN quote(o.relation) ELSE '' END
  -- what happens to a connection or a session happens: nothing of it is folded
  || CASE WHEN o.kind IN ('connection', 'session', 'sso_session') THEN o.seq ELSE '' END
FROM main._authz_outbox AS o
WHERE o.seq >= (SELECT first_seq FROM main._authz_call) AND o.event IS NOT NULL
ORDER BY o.seq;
