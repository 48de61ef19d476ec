-- The events of the running call, in order. Two of one object have the same key, which is quoted and so never ambiguous.
SELECT o.seq, o.event,
  o.kind || quote(p.id) || quote(p.subject) || quote(p.role) || quote(p.resource_type) || quote(p.resource_id) || quote(p.source)
  -- that of a permission may change
  || CASE o.kind WHEN 'relationship' THEN quote(p.relation) ELSE '' END
  -- what happens to a connection or a session happens: nothing of it is folded
  || CASE WHEN o.kind IN ('connection', 'session', 'sso_session') THEN o.seq ELSE '' END
FROM main._authz_outbox AS o JOIN main._authz_outbox_objects AS p ON p.seq = o.seq AND p.previous = 0
WHERE o.seq >= (SELECT first_seq FROM main._authz_call)
ORDER BY o.seq;
