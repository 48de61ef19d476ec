-- Gives event ?2 the object as it was before event ?1, where that is known.
UPDATE main._authz_outbox_objects SET seq = ?2, previous = 0 WHERE seq = ?1 AND previous = 1;
