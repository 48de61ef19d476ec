-- The columns and indexes of authz_resources, and nothing more.
CREATE TABLE bare_resources (
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  parent_type TEXT,
  parent_id ANY,
  organization ANY,
  name TEXT,
  description TEXT,
  given_external_id ANY,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (resource_type, resource_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bare_resources_by_parent ON bare_resources (parent_type, parent_id, resource_type, resource_id) WHERE parent_type IS NOT NULL;
