-- Read and held open, this keeps one state of the file in view.
SELECT number FROM main._authz_changes LIMIT 1
