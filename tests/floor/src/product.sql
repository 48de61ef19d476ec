-- A small product, written and changed by plain SQL in every table.
INSERT INTO authz_resource_types (slug, description) VALUES ('workspace', NULL), ('project', 'Things to do'), ('document', NULL);
INSERT INTO authz_resource_type_parents (resource_type, parent_type) VALUES
  ('workspace', 'organization'), ('project', 'workspace'), ('document', 'project'), ('document', 'document');
UPDATE authz_resource_types SET description = 'Where teams work' WHERE slug = 'workspace';
INSERT INTO authz_permissions (slug, resource_type) VALUES ('project:read', 'project'), ('document:read', 'document'), ('document:edit', 'document');
UPDATE authz_permissions SET name = 'Read documents' WHERE slug = 'document:read';
INSERT INTO authz_roles (slug, resource_type) VALUES ('project-editor', 'project'), ('document-reader', 'document');
UPDATE authz_roles SET name = 'Editor' WHERE slug = 'project-editor';
INSERT INTO authz_role_permissions (role, permission) VALUES
  ('project-editor', 'project:read'), ('project-editor', 'document:read'), ('project-editor', 'document:edit'), ('document-reader', 'document:read');
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES
  ('organization', 'acme', NULL, NULL, 'Acme'), ('organization', 'rival', NULL, NULL, 'Rival'),
  ('workspace', 'main', 'organization', 'acme', NULL), ('workspace', 'other', 'organization', 'rival', NULL);
UPDATE authz_organizations SET metadata = '{"plan": "pro", "note": "\u00e9\\\\ \""}' WHERE id = 'acme';
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('project', 'atlas', 'workspace', 'main');
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('document', 7, 'project', 'atlas');
-- Written as text, kept as the number that the parent was registered with.
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id) VALUES ('document', 8, 'document', '7');
UPDATE authz_resources SET name = 'Plan' WHERE resource_type = 'document' AND resource_id = 7;
INSERT INTO authz_groups (id, organization) VALUES ('eng', 'acme');
UPDATE authz_groups SET name = 'Engineering' WHERE id = 'eng';
INSERT INTO authz_group_members (group_id, subject) VALUES ('eng', 'group:core'), ('core', 'group:eng'), ('core', 'user:ana'), ('core', 'user:dee');
DELETE FROM authz_group_members WHERE group_id = 'core' AND subject = 'user:dee';
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('group:eng', 'project-editor', 'project', 'atlas');
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES
  ('user:ben', 'document-reader', 'document', '8', '2100-01-01T00:00:00.000Z'), ('user:cy', 'document-reader', 'document', 8, NULL);
UPDATE authz_role_assignments SET expires_at = '2001-01-01T00:00:00.000Z' WHERE subject = 'user:cy';
