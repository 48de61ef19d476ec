INSERT INTO main._authz_work (run) SELECT 1;
