-- A directory as its provider keeps it, and what follows from that.
SELECT authz_migrate() IS NOT NULL;
SELECT authz_apply('{"permissions": {"org:bill": {"resource_type": "organization"}},
  "roles": {"biller": {"resource_type": "organization", "permissions": ["org:bill"]}}}') IS NOT NULL;
SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme'), authz_put_directory('d', 'acme', 'Acme staff');
SELECT authz_put_directory('d', 'acme', 'Acme staff'), authz_put_directory('d', 'acme', 'Staff', 'okta scim v2.0');

SELECT '-- users';
SELECT authz_scim('d', 'POST', '/Users', '{"userName": "ana@acme.com", "externalId": "e1", "password": "secret", "name": {"givenName": "Ana"}}') ->> '$.status';
SELECT authz_scim('d', 'POST', '/Users', '{"userName": "ana@acme.com"}');
SELECT idp_id, email, username, first_name, state, raw_attributes FROM authz_directory_users;
SELECT u.email, m.status, m.directory_managed FROM authz_memberships AS m JOIN authz_users AS u ON u.id = m.user;
SELECT authz_scim('d', 'GET', '/Users?filter=userName%20eq%20%22ANA%40acme.com%22', NULL) ->> '$.body.totalResults';
SELECT authz_scim('d', 'GET', '/Users?filter=userName is "ana"', NULL);

SELECT '-- groups';
SELECT authz_scim('d', 'POST', '/Groups', '{"displayName": "Finance", "members": [{"value": "' || id || '"}]}') ->> '$.status' FROM authz_directory_users;
SELECT authz_map_group_role('d', id, 'biller'), authz_map_group_role('d', id, 'biller') FROM authz_directory_groups;
SELECT directory, role, resource_type, resource_id FROM authz_directory_group_roles;
SELECT authz_check('user:' || id, 'org:bill', 'organization', 'acme') FROM authz_users;
SELECT authz_scim('d', 'PATCH', '/Users/' || id, '{"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}') ->> '$.body.active' FROM authz_directory_users;
SELECT authz_check('user:' || id, 'org:bill', 'organization', 'acme') FROM authz_users;

SELECT '-- what plain SQL may do';
UPDATE authz_directory_users SET state = 'active';
INSERT INTO authz_directory_groups (directory, organization, idp_id, name, name_key) VALUES ('d', 'acme', 'x', 'X', 'x');
DELETE FROM authz_directories;
DELETE FROM authz_directory_groups;
SELECT count(*) FROM authz_groups;
SELECT authz_unmap_group_role('d', 'nobody', 'biller');
SELECT authz_remove_directory('d'), authz_remove_directory('d');
SELECT authz_scim('d', 'GET', '/Users', NULL);
SELECT event FROM _authz_outbox WHERE event GLOB 'dsync.*' ORDER BY seq;
