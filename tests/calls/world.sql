-- A small world in which everything occurs once. It is made by the public surface alone.
SELECT authz_apply('{
  "resource_types": {
    "organization": {"search": true},
    "project": {"parents": ["organization", "project"], "search": "project:read"},
    "document": {"parents": ["project"], "search": "document:read", "relations": {
      "owner": "[user]", "blocked": "[user, group#member]",
      "viewer": "([user, user:*, group#member] or owner) but not blocked"}},
    "folder": {"relations": {
      "owner": "[user]", "parent": "[folder]", "signed": "[user]",
      "viewer": "[user, user:*, group#member] or owner or viewer from parent",
      "editor": "viewer and signed"}},
    "spare": {"parents": ["organization"]}},
  "permissions": {
    "project:read": {"resource_type": "project"}, "project:edit": {"resource_type": "project"},
    "document:read": {"resource_type": "document"}, "document:edit": {"resource_type": "document"},
    "document:see": {"resource_type": "document", "relation": "viewer"},
    "org:bill": {"resource_type": "organization"}},
  "roles": {
    "editor": {"resource_type": "project", "permissions": ["project:read", "project:edit", "document:read", "document:edit"]},
    "reader": {"resource_type": "project", "permissions": ["project:read", "document:read"]},
    "annotator": {"resource_type": "document", "permissions": ["document:edit"]},
    "biller": {"resource_type": "organization", "permissions": ["org:bill"]},
    "auditor": {"resource_type": "organization", "permissions": ["project:read", "document:read"]}}}');
SELECT authz_create_permission('{"slug": "document:spare", "resource_type_slug": "document"}');
SELECT authz_create_role('{"slug": "spare", "name": "Spare", "resource_type_slug": "project", "permissions": ["document:spare"]}');

INSERT INTO authz_organizations (id, name, metadata) VALUES ('acme', 'Acme', '{"plan":"pro"}'), (7, 'Seven', '{}');
INSERT INTO authz_organization_domains (organization, domain, state) VALUES ('acme', 'acme.test', 'verified');
INSERT INTO authz_users (id, email, first_name) VALUES
  ('ana', 'ana@acme.test', 'Ana'), ('ben', 'ben@acme.test', 'Ben'), ('cyd', 'cyd@acme.test', 'Cyd'), ('eve', 'eve@seven.test', 'Eve');
INSERT INTO authz_memberships (id, user, organization) VALUES ('om_ana', 'ana', 'acme'), ('om_ben', 'ben', 'acme'), ('om_cyd', 'cyd', 'acme'), ('om_eve', 'eve', 7);
SELECT authz_create_role('{"slug": "org-lead", "name": "Lead", "permissions": ["org:bill"]}', 'acme');
SELECT authz_create_role('{"slug": "org-spare", "name": "Spare"}', 'acme');

SELECT authz_put_resource('project', 1, 'organization', 'acme', 'Website'), authz_put_resource('project', 2, 'organization', 'acme', 'Logo study');
SELECT authz_put_resource('project', 3, 'organization', 7, 'Seventh'), authz_put_resource('project', 4, 'project', 1, 'Website assets');
SELECT authz_put_resource('document', 10, 'project', 1, 'Logo'), authz_put_resource('document', 20, 'project', 2, 'Non-disclosure agreement');
SELECT authz_put_resource('document', 30, 'project', 3, 'Plan'), authz_put_resource('document', 'forty', 'project', 4, 'Logo of assets');
SELECT authz_put_resource('document', 50, 'project', 1, 'Nobody asks for it');

SELECT authz_add_member('group:web', 'user:ben'), authz_add_member('group:all', 'group:web'), authz_add_member('group:all', 'user:cyd');
SELECT authz_grant('user:ana', 'editor', 'project', 1), authz_grant('group:web', 'reader', 'project', 2);
SELECT authz_grant('user:cyd', 'editor', 'project', 1), authz_grant('user:eve', 'reader', 'project', 3);
SELECT authz_grant('group:all', 'auditor', 'organization', 'acme', '2999-01-01'), authz_grant('service:ci', 'annotator', 'document', 10);
SELECT authz_grant('user:ana', 'org-lead', 'organization', 'acme');
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES ('user:eve', 'editor', 'project', 2, '2001-01-01T00:00:00.000Z');
UPDATE authz_memberships SET status = 'inactive' WHERE user = 'cyd';

SELECT authz_relate('user:ana', 'owner', 'folder', 1), authz_relate('folder:1', 'parent', 'folder', 2), authz_relate('group:all#member', 'viewer', 'folder', 2);
SELECT authz_relate('user:ana', 'signed', 'folder', 2), authz_relate('user:eve', 'signed', 'folder', 2), authz_relate('user:eve', 'viewer', 'folder', 3);
SELECT authz_relate('user:*', 'viewer', 'document', 10), authz_relate('user:eve', 'blocked', 'document', 10), authz_relate('group:web#member', 'blocked', 'document', 10);
SELECT authz_relate('user:cyd', 'owner', 'document', 20), authz_relate('user:ben', 'viewer', 'document', 30, '2999-01-01');
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id, expires_at) VALUES ('user:eve', 'viewer', 'document', 20, '2001-01-01T00:00:00.000Z');

INSERT INTO authz_connections (id, organization, type, timeout_seconds) VALUES ('okta', 'acme', 'OktaSAML', 86400), ('oidc', 'acme', 'GenericOIDC', 86400);
INSERT INTO authz_sso_sessions (id, connection) VALUES ('open', 'okta'), ('fine', 'okta'), ('bad', 'oidc');
SELECT authz_sso_succeed('fine', '{"idp_id": "00u1", "email": "ana@acme.test", "raw_attributes": {"lvl": 3}}');
SELECT authz_sso_fail('bad', 'access_denied', 'not assigned');
INSERT INTO authz_sessions (id, user, organization, auth_method) VALUES ('web', 'ana', 'acme', 'sso'), ('phone', 'ben', 'acme', 'password'), ('other', 'eve', 7, 'sso');
INSERT INTO authz_sessions (id, user, organization, auth_method) VALUES ('gone', 'ben', 'acme', 'sso');
SELECT authz_session_revoke('gone');

SELECT authz_put_directory('staff', 'acme', 'Staff', 'okta scim v2.0'), authz_put_directory('empty', 7, 'Empty');
SELECT authz_scim('staff', 'POST', '/Users', '{"userName": "ana@acme.test", "externalId": "a1", "title": "Chief", "emails": [{"value": "ana@acme.test", "primary": true}]}');
SELECT authz_scim('staff', 'POST', '/Users', '{"userName": "dot@acme.test", "externalId": "d1", "name": {"givenName": "Dot"}}');
SELECT authz_scim('staff', 'POST', '/Groups', json_object('displayName', 'Finance', 'members', json_array(json_object('value', id))))
  FROM authz_directory_users WHERE username = 'ana@acme.test';
SELECT authz_scim('staff', 'POST', '/Groups', '{"displayName": "Web"}');
SELECT authz_map_group_role('staff', id, 'biller') FROM authz_directory_groups WHERE name = 'Finance';
SELECT authz_map_group_role('staff', id, 'reader', 'project', 2) FROM authz_directory_groups WHERE name = 'Finance';

SELECT authz_define_attribute('department_name'), authz_define_attribute('level', '{"type": "number"}');
SELECT authz_map_attribute('okta', 'level', 'lvl');
SELECT authz_set_attributes('ben', 'acme', 'sso', '{"department_name": "Tax", "level": 3}');
SELECT authz_set_jwt_template('{"department": "{{ organization_membership.custom_attributes.department_name || ''none'' }}", "plan": "{{ organization.metadata.plan }}"}');

SELECT authz_put_command('billing', 'page', 'Billing', 'invoices', '{"path":"/billing"}', 'org:bill');
SELECT authz_put_command('help', 'action', 'Help', NULL, NULL), authz_put_command('edit', 'action', 'Edit the logo', NULL, NULL, 'document:edit', 'document', 10);
SELECT authz_index_search();
SELECT authz_put_resource('document', 20, 'project', 2, 'Non-disclosure agreement, signed');
SELECT authz_ack('mailer', 5);
SELECT authz_set_setting('events_keep_days', 30);

CREATE TABLE folders (id INTEGER PRIMARY KEY, parent_id INTEGER);
INSERT INTO folders VALUES (1, NULL), (2, 1), (3, 1), (4, 2);
CREATE VIRTUAL TABLE folder_tree USING authz_hierarchy(table=folders, id=id, parent=parent_id);
