-- Hands what was before event ?2 to event ?1, unless that knows what was before itself.
UPDATE main._authz_outbox_objects SET seq = ?1
WHERE seq = ?2 AND previous = 1 AND NOT EXISTS (SELECT 1 FROM main._authz_outbox_objects WHERE seq = ?1 AND previous = 1);
