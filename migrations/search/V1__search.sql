-- search: the pages and actions of the application, and the index of titles. What the index has yet to take in is noted by core.
--
-- The tokens of the index are in an FTS5 table, which not every host has, so that is not made here: the library makes it after this, or
-- when it first can. No trigger may touch it under trusted_schema=OFF; authz_index_search() brings it up to date.

INSERT INTO _authz_schema VALUES ('search', 1, 'search');

CREATE TABLE authz_commands (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  -- words that find it besides those of the title
  keywords TEXT,
  -- JSON: what to open or run
  target TEXT,
  -- NULL: for everyone; else whoever has it on that resource or, where none is named, on any
  permission TEXT,
  resource_type TEXT,
  resource_id ANY,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "kind is page or action" CHECK (kind IN ('page', 'action')),
  CONSTRAINT "a title has 1 to 256 characters" CHECK (length(title) BETWEEN 1 AND 256),
  CONSTRAINT "keywords have at most 1000 characters" CHECK (length(keywords) <= 1000),
  CONSTRAINT "resource_type and resource_id are given together, and with a permission"
    CHECK ((resource_type IS NULL) = (resource_id IS NULL) AND (resource_id IS NULL OR permission IS NOT NULL)),
  CONSTRAINT "a resource id is an INTEGER or TEXT" CHECK (resource_id IS NULL OR typeof(resource_id) IN ('integer', 'text'))
) STRICT, WITHOUT ROWID;

CREATE TABLE _authz_search_documents (
  number INTEGER PRIMARY KEY,
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  -- as indexed: the name or, without one, the id
  title TEXT NOT NULL,
  UNIQUE (resource_type, resource_id)
) STRICT;

-- Which tokens there may be, as bits; what was taken out may still have its own.
CREATE TABLE _authz_search_sieve (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  bits BLOB NOT NULL
) STRICT;
