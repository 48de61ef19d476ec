-- Hands the object of event ?2 to event ?1, which has lost its own.
UPDATE main._authz_outbox_objects SET seq = ?1 WHERE seq = ?2 AND previous = 0;
