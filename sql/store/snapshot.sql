-- Read and held open, this keeps one state of the file in view.
SELECT token FROM main._authz_revision WHERE id = 1
