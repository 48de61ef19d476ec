DELETE FROM main._authz_outbox WHERE seq = ?1;
