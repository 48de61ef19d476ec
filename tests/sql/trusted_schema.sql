-- What is stored in the file may ask and may not write, whatever the host thinks of the file. And no temporary table changes an answer.
SELECT authz_migrate() IS NOT NULL;
INSERT INTO authz_resource_types (slug) VALUES ('document');
INSERT INTO authz_permissions (slug, resource_type) VALUES ('document:read', 'document');
INSERT INTO authz_roles (slug, resource_type) VALUES ('reader', 'document');
INSERT INTO authz_role_permissions (role, permission) VALUES ('reader', 'document:read');
INSERT INTO authz_resources (resource_type, resource_id) VALUES ('document', 1), ('document', 2);
INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id) VALUES ('user:ana', 'reader', 'document', 1);
CREATE TABLE documents (id INTEGER PRIMARY KEY, title TEXT);
INSERT INTO documents VALUES (1, 'plan'), (2, 'budget');

SELECT '-- a view';
CREATE VIEW ana_sees AS SELECT id, title FROM documents WHERE authz_check('user:ana', 'document:read', 'document', id);
SELECT * FROM ana_sees;
CREATE VIEW ana_lists AS SELECT resource_id FROM authz_list_resources('user:ana', 'document:read', 'document');
SELECT * FROM ana_lists;

SELECT '-- a trigger';
CREATE TABLE session (subject TEXT);
INSERT INTO session VALUES ('user:ana');
CREATE TRIGGER only_readers BEFORE UPDATE ON documents
BEGIN
  SELECT authz_require((SELECT subject FROM session), 'document:read', 'document', OLD.id);
END;
UPDATE documents SET title = 'the plan' WHERE id = 1;
UPDATE documents SET title = 'the budget' WHERE id = 2;
SELECT * FROM documents;

SELECT '-- writing from the file is refused';
CREATE VIEW grants AS SELECT authz_grant('user:eve', 'reader', 'document', 2);
SELECT * FROM grants;
CREATE TRIGGER grants_itself AFTER INSERT ON session BEGIN SELECT authz_grant('user:eve', 'reader', 'document', 2); END;
INSERT INTO session VALUES ('user:eve');
DROP TRIGGER grants_itself;
CREATE TRIGGER calls AFTER INSERT ON session BEGIN INSERT INTO _authz_calls (function, arguments) VALUES ('grant', '["user:eve", "reader", "document", 2]'); END;
INSERT INTO session VALUES ('user:eve');
DROP TRIGGER calls;
CREATE TRIGGER works AFTER INSERT ON session BEGIN INSERT INTO _authz_work (run) VALUES (1); END;
INSERT INTO session VALUES ('user:eve');
DROP TRIGGER works;
INSERT INTO _authz_calls VALUES ('grant', '["user:eve", "reader", "document", 2]', x'00');
SELECT count(*) FROM authz_role_assignments WHERE subject = 'user:eve';

SELECT '-- a function may write within a statement that writes';
INSERT INTO session SELECT 'user:x' WHERE authz_grant('user:eve', 'reader', 'document', 2);
INSERT INTO authz_call (function, arguments) VALUES ('revoke', '["user:eve", "reader", "document", 2]') RETURNING authz_result();
SELECT count(*) FROM authz_role_assignments WHERE subject = 'user:eve';

SELECT '-- temporary tables named like ours';
CREATE TEMP TABLE authz_role_assignments (subject, role, organization, resource_type, resource_id, expires_at, source, created_at);
INSERT INTO temp.authz_role_assignments VALUES ('user:eve', 'reader', NULL, 'document', 2, NULL, 'direct', '');
CREATE TEMP VIEW authz_group_members AS SELECT 'x' AS group_id, 'user:eve' AS subject;
SELECT authz_check('user:eve', 'document:read', 'document', 2), authz_check('user:ana', 'document:read', 'document', 1);
SELECT count(*) FROM authz_list_resources('user:eve', 'document:read', 'document');

SELECT '-- what is not committed is seen, what is rolled back is not';
DROP TABLE temp.authz_role_assignments;
BEGIN;
SELECT authz_grant('user:eve', 'reader', 'document', 2), authz_check('user:eve', 'document:read', 'document', 2);
SAVEPOINT s;
DELETE FROM authz_role_assignments WHERE subject = 'user:eve';
SELECT authz_check('user:eve', 'document:read', 'document', 2);
ROLLBACK TO s;
SELECT authz_check('user:eve', 'document:read', 'document', 2);
ROLLBACK;
SELECT authz_check('user:eve', 'document:read', 'document', 2);
