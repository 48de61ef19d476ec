-- While the whole index is made, its parts wait to be merged once, at the end.
INSERT INTO main._authz_search_index (_authz_search_index, rank) VALUES ('automerge', 0), ('crisismerge', 256)
