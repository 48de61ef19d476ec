-- Takes the object from event ?2, where event ?1 knows how it was before the call.
DELETE FROM main._authz_outbox_objects
WHERE seq = ?2 AND previous = 0 AND EXISTS (SELECT 1 FROM main._authz_outbox_objects WHERE seq = ?1 AND previous = 1);
