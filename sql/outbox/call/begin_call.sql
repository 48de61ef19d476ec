-- Marks that a call runs; changes no row where one runs already.
INSERT INTO main._authz_call (id, first_seq)
SELECT 1, ifnull((SELECT max(seq) FROM main._authz_outbox), 0) + 1
WHERE NOT EXISTS (SELECT 1 FROM main._authz_call);
