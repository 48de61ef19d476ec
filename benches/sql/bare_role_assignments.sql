-- The columns, indexes and rows of authz_role_assignments, and nothing more.
CREATE TABLE bare_role_assignments (
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  organization ANY,
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  expires_at TEXT,
  source TEXT NOT NULL DEFAULT 'direct',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (subject, resource_type, resource_id, role, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX bare_role_assignments_by_resource ON bare_role_assignments (resource_type, resource_id, subject, role);
CREATE INDEX bare_role_assignments_by_role ON bare_role_assignments (role, organization);
INSERT INTO bare_role_assignments SELECT * FROM authz_role_assignments;
