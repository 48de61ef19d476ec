-- Relationships, by functions and by plain SQL alike.
SELECT authz_migrate() IS NOT NULL;

SELECT '-- a model in the modelling language';
SELECT json_array_length(authz_apply('
model
  schema 1.1
type user
type folder
  relations
    define owner: [user]
    define viewer: [user, user:*, group#member] or owner
type document
  relations
    define parent: [folder]
    define blocked: [user]
    define viewer: viewer from parent but not blocked
'), '$.created');
SELECT * FROM authz_relation_subjects;
SELECT authz_model('fga');

SELECT '-- who stands in which relation to what';
SELECT authz_add_member('group:eng', 'user:ben');
SELECT authz_relate('group:eng#member', 'viewer', 'folder', 1), authz_relate('user:ana', 'owner', 'folder', '1'), authz_relate('user:ana', 'owner', 'folder', 1);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('folder:1', 'parent', 'document', 10), ('folder:1', 'parent', 'document', '11');
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ben', 'blocked', 'document', '10');
SELECT subject, relation, resource_type, resource_id, typeof(resource_id) FROM authz_relationships ORDER BY 1, 2, 3, +resource_id;
SELECT authz_check('user:ana', 'viewer', 'document', 10), authz_check('user:ben', 'viewer', 'document', 10), authz_check('user:ben', 'viewer', 'document', 11);
SELECT resource_id FROM authz_list_resources('user:ana', 'viewer', 'document') ORDER BY +resource_id;
SELECT subject FROM authz_list_subjects('viewer', 'document', 10, 'user');

SELECT '-- for the time being';
SAVEPOINT context;
SELECT authz_relate('user:cy', 'owner', 'folder', 1);
SELECT authz_check('user:cy', 'viewer', 'document', 10);
ROLLBACK TO context;
RELEASE context;
SELECT authz_check('user:cy', 'viewer', 'document', 10);

SELECT '-- skipped, and no event written';
INSERT OR IGNORE INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'owner', 'folder', 1), ('user:ana', 'owner', 'folder', '1');
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'owner', 'folder', 1) ON CONFLICT DO NOTHING;
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id, expires_at) VALUES ('user:ana', 'owner', 'folder', 1, '2001-01-01T00:00:00.000Z')
ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at;
DELETE FROM authz_relationships WHERE subject = 'user:ana';
SELECT event, count(*) FROM _authz_outbox WHERE event GLOB 'relationship.*' GROUP BY event;

SELECT '-- what a later model does not allow';
SELECT json_valid(authz_apply('model schema 1.1 type folder type document', 'force'));
SELECT subject, relation, resource_type, resource_id FROM authz_orphans() ORDER BY subject, relation, +resource_id;
SELECT authz_unrelate('user:ben', 'blocked', 'document', 10);

SELECT '-- refusals, below';
SELECT json_valid(authz_apply('{"resource_types": {"folder": {"relations": {"viewer": "[user, group#member]", "owner": "viewer"}}}}', 'force'));
SELECT authz_apply('model schema 1.1 type folder relations define viewer: [user] or');
SELECT authz_apply('module folders');
SELECT authz_relate('user:*', 'viewer', 'folder', 1);
SELECT authz_relate('user:ana', 'owner', 'folder', 1);
SELECT authz_relate('user:ana', 'vewer', 'folder', 1);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:*', 'viewer', 'folder', 1);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'vewer', 'folder', 1);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:', 'viewer', 'folder', 1);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:a b', 'viewer', 'folder', 1);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'viewer', 'folder', 1.5);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'viewer', 'folder', 2);
INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'viewer', 'folder', '2');
INSERT OR REPLACE INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'viewer', 'folder', 2);
UPDATE authz_relationships SET subject = 'user:ben' WHERE subject = 'user:ana';
UPDATE authz_relationships SET expires_at = 'tomorrow' WHERE subject = 'user:ana';
UPDATE authz_relations SET relation = 'reader' WHERE relation = 'viewer';
INSERT INTO authz_permissions (slug, resource_type) VALUES ('viewer', 'folder');
INSERT INTO authz_permissions (slug, resource_type, relation) VALUES ('folder:read', 'folder', 'vewer');
INSERT INTO authz_permissions (slug, resource_type, relation) VALUES ('folder:read', 'folder', 'viewer');
DELETE FROM authz_relations WHERE relation = 'viewer';
INSERT INTO authz_relations (resource_type, relation, definition) VALUES ('folder', 'folder:read', '[user]');
