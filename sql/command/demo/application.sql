-- The application's own table, as it was before anybody thought of permissions.
CREATE TABLE documents (
  id INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  title TEXT NOT NULL,
  edited_on TEXT NOT NULL
);
CREATE INDEX documents_by_edit ON documents (edited_on DESC);
