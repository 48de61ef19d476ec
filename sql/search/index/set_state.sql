UPDATE main._authz_search_state SET format = ?1 WHERE id = 1
