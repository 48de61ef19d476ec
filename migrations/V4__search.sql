-- Search: which types are searched, the pages and actions of the application, and notes of what the index has yet to take in.
--
-- The index itself is made and caught up by authz_index_search(), never here: it is an FTS5 table, which not every host has, and which
-- no trigger may touch under trusted_schema=OFF. So the triggers below write to an ordinary table, and a search reads index and notes
-- together.

INSERT INTO _authz_schema (version, name) VALUES (4, 'search');

-- NULL: not searched. A permission of the type: whoever has it on a resource finds that resource. '*': whoever finds something below a
-- resource finds the resource too.
ALTER TABLE authz_resource_types ADD COLUMN search TEXT
  CONSTRAINT "search is a permission of 1 to 128 characters, or *" CHECK (length(search) BETWEEN 1 AND 128);

---- Pages and actions ------------------------------------------------------------------------------------------------------------

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

---- What the index has yet to take in --------------------------------------------------------------------------------------------

-- format: how the index was built, 0 while there is none. Without an index there is nothing to note: names are read where they stand.
CREATE TABLE _authz_search_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  format INTEGER NOT NULL
) STRICT;
INSERT INTO _authz_search_state (id, format) VALUES (1, 0);

CREATE TABLE _authz_search_notes (
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  PRIMARY KEY (resource_type, resource_id)
) STRICT, WITHOUT ROWID;

-- NOT EXISTS and no OR IGNORE: a statement in a trigger takes over the conflict clause of the one that fired it.
CREATE TRIGGER _authz_resources_search_insert AFTER INSERT ON authz_resources
WHEN (SELECT format FROM _authz_search_state WHERE id = 1) > 0
BEGIN
  INSERT INTO _authz_search_notes (resource_type, resource_id) SELECT NEW.resource_type, NEW.resource_id
  WHERE NOT EXISTS (SELECT 1 FROM _authz_search_notes WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id);
END;

CREATE TRIGGER _authz_resources_search_update AFTER UPDATE OF name, resource_id, resource_type ON authz_resources
WHEN (NEW.name IS NOT OLD.name OR NEW.resource_id IS NOT OLD.resource_id OR NEW.resource_type IS NOT OLD.resource_type)
  AND (SELECT format FROM _authz_search_state WHERE id = 1) > 0
BEGIN
  INSERT INTO _authz_search_notes (resource_type, resource_id) SELECT OLD.resource_type, OLD.resource_id
  WHERE NOT EXISTS (SELECT 1 FROM _authz_search_notes WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id);
  INSERT INTO _authz_search_notes (resource_type, resource_id) SELECT NEW.resource_type, NEW.resource_id
  WHERE NOT EXISTS (SELECT 1 FROM _authz_search_notes WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id);
END;

CREATE TRIGGER _authz_resources_search_delete AFTER DELETE ON authz_resources
WHEN (SELECT format FROM _authz_search_state WHERE id = 1) > 0
BEGIN
  INSERT INTO _authz_search_notes (resource_type, resource_id) SELECT OLD.resource_type, OLD.resource_id
  WHERE NOT EXISTS (SELECT 1 FROM _authz_search_notes WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id);
END;

-- What a search keeps between keystrokes goes when the next grant ends: found here in one step.
CREATE INDEX _authz_role_assignments_by_expiry ON authz_role_assignments (expires_at) WHERE expires_at IS NOT NULL;
