-- What was due before ?1 is taken away as expired and not as deleted.
INSERT INTO main._authz_call (id, first_seq, expired_before) SELECT 1, ifnull(max(seq), 0) + 1, ?1 FROM main._authz_outbox
