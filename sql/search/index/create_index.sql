-- The index of titles, made anew. FTS5 keeps no text and no positions, only which tokens a title has: it finds candidates.
DROP TABLE IF EXISTS main._authz_search_index;
DROP TABLE IF EXISTS main._authz_search_documents;
CREATE TABLE main._authz_search_documents (
  number INTEGER PRIMARY KEY,
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  -- as indexed: the name or, without one, the id
  title TEXT NOT NULL,
  UNIQUE (resource_type, resource_id)
) STRICT;
-- Which tokens there may be, as bits; what was taken out may still have its own.
DROP TABLE IF EXISTS main._authz_search_sieve;
CREATE TABLE main._authz_search_sieve (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bits BLOB NOT NULL
) STRICT;
CREATE VIRTUAL TABLE main._authz_search_index
USING fts5 (tokens, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '^<=;'");
