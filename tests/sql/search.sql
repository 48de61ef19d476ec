-- One box that finds: with the index and without, and what a client without the library writes in between.
SELECT authz_migrate() <> '';
SELECT authz_apply('{
  "resource_types": {"organization": {"search": true}, "project": {"parents": ["organization"], "search": "project:read"}},
  "permissions": {"project:read": {"resource_type": "project"}},
  "roles": {"reader": {"resource_type": "organization", "permissions": ["project:read"]}}}') <> '';
INSERT INTO authz_organizations (id, name) VALUES ('acme', 'Acme'), ('globex', 'Globex');
INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES
  ('project', 1, 'organization', 'acme', 'Non-disclosure agreement'),
  ('project', 2, 'organization', 'acme', 'Logo'),
  ('project', 3, 'organization', 'globex', 'Logo study');
SELECT authz_grant('user:ana', 'reader', 'organization', 'acme');
SELECT authz_put_command('billing', 'page', 'Billing', 'invoices', '{"path":"/billing"}');
SELECT '-- before there is an index';
SELECT kind, title, subtitle, matches, target FROM authz_search('nda', 'user:ana');
SELECT kind, title, subtitle FROM authz_search('logo', 'user:ana');
SELECT kind, title FROM authz_search('dsiclosure', 'user:ana');
SELECT kind, title, target FROM authz_search('invoic', 'user:ana');
SELECT kind, title FROM authz_search('acme/logo', 'user:ana');
SELECT count(*) FROM authz_search('logo', NULL);
SELECT count(*) FROM authz_search('logo', 'user:nobody');
SELECT '-- with it';
SELECT authz_index_search();
SELECT kind, title FROM authz_search('nda', 'user:ana');
UPDATE authz_resources SET name = 'Emblem' WHERE resource_type = 'project' AND resource_id = 2;
SELECT kind, title FROM authz_search('logo', 'user:ana');
SELECT kind, title FROM authz_search('emblem', 'user:ana');
SELECT kind, title, subtitle FROM authz_search_all('logo', 5, 'resource');
SELECT authz_index_search();
SELECT kind, title FROM authz_search('emblem', 'user:ana');
SELECT authz_index_search();
SELECT '-- what makes no sense';
SELECT * FROM authz_search('x', 'ana');
SELECT * FROM authz_search('x', 'user:ana', 5, 'role');
SELECT count(*) FROM authz_search('" OR NEAR(', 'user:ana');
SELECT authz_remove_command('billing');
