-- The small world in which the examples of the reference run.
SELECT authz_migrate();
CREATE TABLE folders (id INTEGER PRIMARY KEY, parent_id INTEGER, name TEXT);
INSERT INTO folders VALUES (1, NULL, 'All'), (2, 1, 'Brand');

-- The second model no longer has the relation `commenter`, so a relationship is left that grants nothing.
SELECT authz_apply('{
  "resource_types": {
    "project": {"parents": ["organization"], "search": true},
    "document": {"parents": ["project"], "search": "document:read",
      "relations": {"viewer": "[user, user:*, group#member]", "commenter": "[user]"}}},
  "permissions": {"document:read": {"resource_type": "document"}}}');
SELECT authz_relate('user:ben', 'commenter', 'document', 10);
SELECT authz_apply('{
  "resource_types": {
    "project": {"parents": ["organization"], "search": true},
    "document": {"parents": ["project"], "search": "document:read", "relations": {"viewer": "[user, user:*, group#member]"}}},
  "permissions": {
    "document:read": {"resource_type": "document", "relation": "viewer"},
    "document:edit": {"resource_type": "document"},
    "organization:bill": {"resource_type": "organization"}},
  "roles": {
    "editor": {"resource_type": "project", "permissions": ["document:read", "document:edit"]},
    "reviewer": {"resource_type": "project", "permissions": ["document:read"]},
    "biller": {"resource_type": "organization", "permissions": ["organization:bill"]}}}', 'force');

INSERT INTO authz_organizations (id, name) VALUES ('acme', 'Acme');
INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.com', 'verified');
INSERT INTO authz_users (id, email, first_name) VALUES ('ana', 'ana@acme.com', 'Ana'), ('ben', 'ben@acme.com', 'Ben'), ('cleo', 'cleo@acme.com', 'Cleo'),
  ('emil', 'emil@acme.com', 'Emil');
INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme'), ('ben', 'acme');
SELECT authz_put_resource('project', 1, 'organization', 'acme', 'Website'), authz_put_resource('project', 2, 'organization', 'acme', 'Contracts');
SELECT authz_put_resource('document', 10, 'project', 1, 'Logo'), authz_put_resource('document', 20, 'project', 2, 'Lease');
SELECT authz_add_member('group:web', 'user:ana'), authz_grant('group:web', 'editor', 'project', 1);
SELECT authz_grant('user:ben', 'reviewer', 'project', 1, '2099-12-31T00:00:00Z'), authz_relate('user:ben', 'viewer', 'document', 20);

INSERT INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML');
SELECT authz_sso_start('okta'), authz_session_start('ana', 'acme', 'sso');

SELECT authz_put_directory('directory_acme', 'acme', 'Acme staff');
SELECT authz_scim('directory_acme', 'POST', '/Users', '{"userName": "cleo@acme.com", "employee": {"level": 5}}');
SELECT authz_scim('directory_acme', 'POST', '/Groups', '{"displayName": "Finance", "members": [{"value": "' || id || '"}]}') FROM authz_directory_users;
SELECT authz_map_group_role('directory_acme', id, 'biller') FROM authz_directory_groups;

SELECT authz_define_attribute('department_name'), authz_define_attribute('level', '{"type": "number"}');
SELECT authz_map_attribute('okta', 'level', 'level');
SELECT authz_set_attributes('ana', 'acme', 'sso', '{"department_name": "Tax", "level": 3}');
SELECT authz_set_attributes('ben', 'acme', 'sso', '{"level": "three"}');
SELECT authz_set_jwt_template('{"department": "{{ organization_membership.custom_attributes.department_name }}"}');

SELECT authz_put_command('settings', 'page', 'Settings', NULL, '{"url": "/settings"}');
SELECT authz_index_search();
SELECT authz_ack('mailer', 0);
