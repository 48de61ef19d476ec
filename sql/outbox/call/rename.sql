UPDATE main._authz_outbox SET event = ?2 WHERE seq = ?1;
