INSERT INTO main._authz_search_index (rowid, tokens) VALUES (?1, ?2)
