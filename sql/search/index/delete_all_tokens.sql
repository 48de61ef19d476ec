INSERT INTO main._authz_search_index (_authz_search_index) VALUES ('delete-all')
