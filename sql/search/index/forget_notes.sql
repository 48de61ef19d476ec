DELETE FROM main._authz_search_notes
