-- Opens the door of the outbox for this transaction: what is older than ?1 and acknowledged by every consumer may go.
INSERT INTO main._authz_call (id, first_seq, prune_before) SELECT 1, ifnull(max(seq), 0) + 1, ?1 FROM main._authz_outbox
