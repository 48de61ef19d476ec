-- Deletes nothing, and waits for its turn to write.
DELETE FROM main._authz_call WHERE 0
