INSERT INTO main._authz_search_index (_authz_search_index, rowid, tokens) VALUES ('delete', ?1, ?2)
