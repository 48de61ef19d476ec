DELETE FROM main._authz_outbox_objects WHERE seq = ?1 AND previous = 0;
