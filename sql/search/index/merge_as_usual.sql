-- What FTS5 does unless told otherwise.
INSERT INTO main._authz_search_index (_authz_search_index, rank) VALUES ('automerge', 4), ('crisismerge', 16)
