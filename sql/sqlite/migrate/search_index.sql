CREATE VIRTUAL TABLE main._authz_search_index
USING fts5 (tokens, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '^<=;'");
UPDATE main._authz_search_state SET format = 0
