-- Whether an index of titles was ever made.
SELECT format > 0 FROM main._authz_search_state WHERE id = 1
