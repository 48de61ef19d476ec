SELECT format FROM main._authz_search_state WHERE id = 1
