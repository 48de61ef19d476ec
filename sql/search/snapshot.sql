SELECT 1 FROM main._authz_search_state
