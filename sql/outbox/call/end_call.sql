DELETE FROM main._authz_call;
