-- No row: the call runs within another. 0: there is no outbox.
INSERT INTO main._authz_call (id, first_seq)
SELECT 1, (SELECT seq FROM main._authz_outbox_end) + 1 WHERE NOT EXISTS (SELECT 1 FROM main._authz_call)
RETURNING first_seq
