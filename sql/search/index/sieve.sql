SELECT bits FROM main._authz_search_sieve WHERE id = 1
