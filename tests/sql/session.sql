-- Every function once, as a person would use them in the shell.
SELECT '-- without the schema';
SELECT authz_check('user:ana', 'document:read', 'document', 10);

SELECT '-- the schema';
SELECT authz_migrate() ->> 'from';
SELECT authz_migrate() ->> 'applied';
SELECT authz_schema_version() >= 1;

SELECT '-- the model';
SELECT count(*) > 0 FROM authz_plan('{"resource_types": {"project": {"parents": ["organization"]}}}');
SELECT json_valid(authz_apply('{
  "resource_types": {"project": {"parents": ["organization"]}, "document": {"parents": ["project", "document"]}},
  "permissions": {"project:read": {"resource_type": "project"}, "document:read": {"resource_type": "document"},
                  "document:edit": {"resource_type": "document"}},
  "roles": {"editor": {"resource_type": "project", "name": "Editor", "permissions": ["project:read", "document:read", "document:edit"]},
            "reader": {"resource_type": "document", "permissions": ["document:read"]}}}'));
SELECT count(*) FROM authz_model_history;

SELECT '-- resources';
SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme');
SELECT authz_put_resource('project', 1, 'organization', 'acme', 'Website'), authz_put_resource('project', 2, 'organization', 'acme');
SELECT authz_put_resource('document', 10, 'project', 1, 'Plan'), authz_put_resource('document', '11', 'document', '10');
SELECT authz_put_resource('document', 20, 'project', 2), authz_put_resource('document', 20, 'project', 2);
SELECT resource_id, typeof(resource_id), parent_type, parent_id, typeof(parent_id), organization FROM authz_resources ORDER BY resource_type, +resource_id;

SELECT '-- grants';
SELECT authz_add_member('group:web', 'user:ana'), authz_add_member('group:web', 'user:ana'), authz_add_member('group:all', 'group:web');
SELECT authz_grant('group:all', 'editor', 'project', 1), authz_grant('group:all', 'editor', 'project', 1);
SELECT authz_grant('user:ben', 'reader', 'document', 20, '2100-01-31T12:00:00+02:00');
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id, expires_at) VALUES ('user:cy', 'reader', 'document', 20, '2001-01-01T00:00:00.000Z');
SELECT subject, role, expires_at FROM authz_role_assignments ORDER BY subject;

SELECT '-- questions';
SELECT authz_check('user:ana', 'document:edit', 'document', 11), authz_check('user:ana', 'document:edit', 'document', 20);
SELECT authz_check('user:ben', 'document:read', 'document', '20'), authz_check('user:cy', 'document:read', 'document', 20);
SELECT authz_check(NULL, 'document:read', 'document', 20), authz_check('user:nobody', 'document:read', 'document', 404);
SELECT authz_require('user:ana', 'document:edit', 'document', 10);
SELECT resource_id, typeof(resource_id), name FROM authz_list_resources('user:ana', 'document:read', 'document') ORDER BY +resource_id;
SELECT resource_id FROM authz_list_resources('user:ana', 'document:read', 'document', 'document', 10) ORDER BY +resource_id;
SELECT subject FROM authz_list_subjects('document:read', 'document', 11) ORDER BY subject;
SELECT permission FROM authz_list_permissions('user:ana', 'document', 10) ORDER BY permission;
SELECT depth, resource_type, resource_id FROM authz_ancestors('document', 11) ORDER BY depth;
SELECT depth, resource_type, resource_id FROM authz_descendants('organization', 'acme') WHERE depth <= 2 ORDER BY depth, resource_type, +resource_id;
SELECT authz_explain('user:ana', 'document:edit', 'document', 11) ->> '$.allowed', authz_explain('user:ana', 'document:edit', 'document', 20) ->> '$.allowed';

SELECT '-- a hierarchy of the application';
CREATE TABLE folders (id INTEGER PRIMARY KEY, parent_id INTEGER);
INSERT INTO folders VALUES (1, NULL), (2, 1), (3, 2), (4, 1);
CREATE VIRTUAL TABLE folder_tree USING authz_hierarchy(table=folders, id=id, parent=parent_id);
SELECT node, depth FROM folder_tree WHERE root = 1 ORDER BY depth, node;
SELECT root, depth FROM folder_tree WHERE node = 3 AND depth <= 1 ORDER BY depth;

SELECT '-- taking back';
SELECT authz_revoke('group:all', 'editor', 'project', 1), authz_revoke('group:all', 'editor', 'project', 1);
SELECT authz_remove_member('group:web', 'user:ana'), authz_remove_member('group:web', 'user:ana');
SELECT authz_check('user:ana', 'document:edit', 'document', 11);
SELECT authz_remove_resource('document', 11), authz_remove_resource('project', 2, 'cascade');

SELECT '-- refusals, below';
SELECT authz_check('user:ana', 'document:raed', 'document', 10);
SELECT authz_check('user:ana', 'document:read', 'docment', 10);
SELECT authz_check('usr:ana', 'document:read', 'document', 10);
SELECT authz_check('user:ana', 'project:read', 'document', 10);
SELECT authz_require('user:ana', 'document:edit', 'document', 10);
SELECT authz_grant('user:ana', 'editr', 'project', 1);
SELECT authz_put_resource('project', 3, NULL, NULL);
SELECT authz_remove_resource('organization', 'acme');
SELECT node FROM folder_tree;
SELECT json_valid(authz_debug()), authz_version() <> '';
