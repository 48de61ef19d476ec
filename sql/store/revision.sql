SELECT token FROM main._authz_revision WHERE id = 1
