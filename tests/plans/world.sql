-- Enough rows, unevenly spread, for ANALYZE to have an opinion.
SELECT authz_migrate();
SELECT authz_apply('{
  "resource_types": {"project": {"parents": ["organization"]}, "document": {"parents": ["project"]}},
  "permissions": {"document:read": {"resource_type": "document"}},
  "roles": {"editor": {"resource_type": "project", "permissions": ["document:read"]},
            "reader": {"resource_type": "document", "permissions": ["document:read"]}}}');
CREATE TABLE documents (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, title TEXT NOT NULL, edited_on TEXT NOT NULL);
CREATE INDEX documents_by_time ON documents (edited_on);
CREATE TABLE letters (id TEXT PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE folders (id INTEGER PRIMARY KEY, parent_id INTEGER);
CREATE INDEX folders_by_parent ON folders (parent_id);
CREATE VIRTUAL TABLE folder_tree USING authz_hierarchy(table=folders, id=id, parent=parent_id);
INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 'acme');
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 40)
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) SELECT 'project', n, 'organization', 'acme' FROM n;
WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
INSERT INTO documents SELECT n, 1 + (n % 3) * (n % 20), 'Document ' || n, date('2026-01-01', (n * 7 % 300) || ' days') FROM n;
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) SELECT 'document', id, 'project', project_id FROM documents;
INSERT INTO letters SELECT 'letter-' || id, title FROM documents;
INSERT INTO folders SELECT id, nullif(id / 10, 0) FROM documents;
INSERT INTO authz_group_members (group_id, subject) SELECT 'g' || (id % 7), 'user:' || id FROM documents;
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) SELECT 'group:g' || (id % 7), 'reader', 'document', id FROM documents WHERE id % 5 = 0;
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'editor', 'project', 3), ('group:g1', 'editor', 'project', 5);
