-- Directories: the users and groups that an organization's identity provider keeps, and what follows from them.
--
-- Who is who and what a provider may say is decided by the library, so these rows are written by its functions alone; any client reads
-- them. What follows from a row (the group that stands for a directory group, its members, the status of a membership, every event) is
-- done by triggers, so that deleting a row in plain SQL does all that the library would.

INSERT INTO _authz_schema (version, name) VALUES (8, 'directories');

---- Directories ------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_directories (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('directory_' || lower(hex(randomblob(13)))),
  organization ANY NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL DEFAULT 'generic scim v2.0',
  state TEXT NOT NULL DEFAULT 'active',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (id <> '*' AND instr(id, char(0)) = 0 AND id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*'),
  CONSTRAINT "a name has 1 to 256 characters" CHECK (length(name) BETWEEN 1 AND 256),
  CONSTRAINT "the type is one of the reference's, such as generic scim v2.0" CHECK (type IN (
    'azure scim v2.0', 'bamboohr', 'breathe hr', 'cezanne hr', 'cyberark scim v2.0', 'fourth hr',
    'generic scim v2.0', 'gsuite directory', 'gusto', 'hibob', 'jump cloud scim v2.0', 'okta scim v2.0', 'onelogin scim v2.0', 'people hr',
    'personio', 'pingfederate scim v2.0', 'rippling', 'rippling scim v2.0', 's3', 'sailpoint scim v2.0', 'sftp', 'sftp workday', 'workday')),
  CONSTRAINT "the state is active, inactive, validating, invalid_credentials or deleting"
    CHECK (state IN ('active', 'inactive', 'validating', 'invalid_credentials', 'deleting'))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_directories_by_organization ON authz_directories (organization);

CREATE TABLE authz_directory_users (
  -- also the id that the provider is given
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('directory_user_' || lower(hex(randomblob(13)))),
  directory TEXT NOT NULL,
  organization ANY NOT NULL,
  -- the provider's own id: externalId, else userName
  idp_id TEXT NOT NULL,
  -- NULL while nothing tells who it is
  user TEXT,
  email TEXT,
  username TEXT NOT NULL,
  -- as it is compared: in lower case
  username_key TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  state TEXT NOT NULL DEFAULT 'active',
  -- what the provider sent, without what only it may know: a JSON object
  raw_attributes TEXT NOT NULL DEFAULT '{}',
  custom_attributes TEXT NOT NULL DEFAULT '{}',
  -- goes up with every change
  revision INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "the state is active or inactive" CHECK (state IN ('active', 'inactive'))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_directory_users_by_username ON authz_directory_users (directory, username_key);
CREATE UNIQUE INDEX _authz_directory_users_by_idp_id ON authz_directory_users (directory, idp_id);
-- An address, and so a person, stands once in a directory: else one row could end what another holds up.
CREATE UNIQUE INDEX _authz_directory_users_by_email ON authz_directory_users (directory, lower(email)) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX _authz_directory_users_by_user ON authz_directory_users (user, directory) WHERE user IS NOT NULL;

CREATE TABLE authz_directory_groups (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('directory_group_' || lower(hex(randomblob(13)))),
  directory TEXT NOT NULL,
  organization ANY NOT NULL,
  -- the provider's own id: externalId, else the id given here
  idp_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  -- the group in authz_groups that stands for it
  group_id TEXT NOT NULL DEFAULT ('group_' || lower(hex(randomblob(13)))),
  -- without its members
  raw_attributes TEXT NOT NULL DEFAULT '{}',
  revision INTEGER NOT NULL DEFAULT 1,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "a name has 1 to 256 characters" CHECK (length(name) BETWEEN 1 AND 256)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_directory_groups_by_idp_id ON authz_directory_groups (directory, idp_id);
CREATE INDEX _authz_directory_groups_by_name ON authz_directory_groups (directory, name_key, id);
CREATE UNIQUE INDEX _authz_directory_groups_by_group ON authz_directory_groups (group_id);

-- A member is a user or a group of the same directory.
CREATE TABLE authz_directory_group_members (
  directory_group TEXT NOT NULL,
  member TEXT NOT NULL,
  PRIMARY KEY (directory_group, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_directory_group_members_by_member ON authz_directory_group_members (member, directory_group);

-- Whom a provider meant by an id of its own. Stays when the directory user goes, so that who comes back is the same person.
CREATE TABLE _authz_directory_people (
  directory TEXT NOT NULL,
  idp_id TEXT NOT NULL,
  user TEXT NOT NULL,
  organization ANY NOT NULL,
  PRIMARY KEY (directory, idp_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_directory_people_by_user ON _authz_directory_people (user, organization);

-- The roles that a directory group gives are assignments of its group with the source directory.
CREATE VIEW authz_directory_group_roles (directory, directory_group, role, organization, resource_type, resource_id, created_at) AS
SELECT g.directory, g.id, a.role, a.organization, a.resource_type, a.resource_id, a.created_at
FROM authz_directory_groups AS g JOIN authz_role_assignments AS a ON a.subject = 'group:' || g.group_id
WHERE a.source = 'directory';

---- Rules: directories -----------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_directories_insert BEFORE INSERT ON authz_directories
BEGIN
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the directory is not registered; write its id as it stands in authz_organizations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization));
END;

CREATE TRIGGER _authz_directories_replace BEFORE INSERT ON authz_directories
WHEN EXISTS (SELECT 1 FROM authz_directories WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_directories_inserted AFTER INSERT ON authz_directories
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  VALUES ('directory', CASE NEW.state WHEN 'active' THEN 'dsync.activated' ELSE 'authz_directory.created' END, NEW.id, NEW.organization,
    NEW.name, NEW.type, NEW.state, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_directories_update BEFORE UPDATE ON authz_directories
BEGIN
  SELECT RAISE(ABORT, 'directory_immutable: id, organization and created_at of a directory cannot change; remove it and put another')
  WHERE NEW.id IS NOT OLD.id OR NEW.organization IS NOT OLD.organization OR typeof(NEW.organization) <> typeof(OLD.organization)
    OR NEW.created_at IS NOT OLD.created_at;
END;

-- That it is being deleted is told by the deletion.
CREATE TRIGGER _authz_directories_updated AFTER UPDATE OF name, type, state ON authz_directories
WHEN (NEW.name IS NOT OLD.name OR NEW.type IS NOT OLD.type OR NEW.state IS NOT OLD.state) AND NEW.state <> 'deleting'
BEGIN
  UPDATE authz_directories SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  SELECT 'directory', CASE WHEN NEW.state = 'active' AND OLD.state <> 'active' THEN 'dsync.activated' ELSE 'authz_directory.updated' END,
    NEW.id, NEW.organization, NEW.name, NEW.type, NEW.state, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM _authz_settings WHERE name = 'events' AND value = 'on'
  UNION ALL
  SELECT 'directory', NULL, OLD.id, OLD.organization, OLD.name, OLD.type, OLD.state, OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

CREATE TRIGGER _authz_directories_delete BEFORE DELETE ON authz_directories
BEGIN
  SELECT RAISE(ABORT, 'directory_in_use: the directory has users or groups; SELECT authz_remove_directory(id) removes them with it')
  WHERE EXISTS (SELECT 1 FROM authz_directory_users WHERE directory = OLD.id)
     OR EXISTS (SELECT 1 FROM authz_directory_groups WHERE directory = OLD.id);
  DELETE FROM _authz_directory_people WHERE directory = OLD.id;
END;

CREATE TRIGGER _authz_directories_deleted AFTER DELETE ON authz_directories
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  VALUES ('directory', 'dsync.deleted', OLD.id, OLD.organization, OLD.name, OLD.type, 'deleting', OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_organizations_delete_directories BEFORE DELETE ON authz_organizations
BEGIN
  UPDATE authz_directories SET state = 'deleting' WHERE organization = OLD.id;
  DELETE FROM authz_directory_groups WHERE directory IN (SELECT id FROM authz_directories WHERE organization = OLD.id);
  DELETE FROM authz_directory_users WHERE directory IN (SELECT id FROM authz_directories WHERE organization = OLD.id);
  DELETE FROM authz_directories WHERE organization = OLD.id;
END;

---- Rules: directory users -------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_directory_users_insert BEFORE INSERT ON authz_directory_users
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'directory_read_only: users of a directory come from its provider; SELECT authz_scim(directory, method, path, body)');
END;

CREATE TRIGGER _authz_directory_users_inserted AFTER INSERT ON authz_directory_users
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata,
     created_at, updated_at)
  VALUES ('directory_user', 'dsync.user.created', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.email, NEW.username,
    NEW.first_name, NEW.last_name, NEW.state, NEW.raw_attributes, NEW.custom_attributes, NEW.created_at, NEW.updated_at);
END;

-- That nobody stands behind it any more is told by the user that goes.
CREATE TRIGGER _authz_directory_users_update BEFORE UPDATE ON authz_directory_users
BEGIN
  SELECT RAISE(ABORT, 'directory_user_immutable: id, directory, organization and created_at of a directory user cannot change')
  WHERE NEW.id IS NOT OLD.id OR NEW.directory IS NOT OLD.directory OR NEW.organization IS NOT OLD.organization
    OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'directory_read_only: users of a directory come from its provider; SELECT authz_scim(directory, method, path, body)')
  WHERE NOT EXISTS (SELECT 1 FROM _authz_call)
    AND (NEW.idp_id IS NOT OLD.idp_id OR (NEW.user IS NOT OLD.user AND EXISTS (SELECT 1 FROM authz_users WHERE id = OLD.user OR id = NEW.user))
      OR NEW.email IS NOT OLD.email OR NEW.username IS NOT OLD.username OR NEW.username_key IS NOT OLD.username_key
      OR NEW.first_name IS NOT OLD.first_name OR NEW.last_name IS NOT OLD.last_name OR NEW.state IS NOT OLD.state
      OR NEW.raw_attributes IS NOT OLD.raw_attributes OR NEW.custom_attributes IS NOT OLD.custom_attributes
      OR NEW.revision IS NOT OLD.revision OR NEW.updated_at IS NOT OLD.updated_at);
END;

CREATE TRIGGER _authz_directory_users_updated
AFTER UPDATE OF idp_id, email, username, first_name, last_name, state, raw_attributes, custom_attributes ON authz_directory_users
WHEN (NEW.idp_id IS NOT OLD.idp_id OR NEW.email IS NOT OLD.email OR NEW.username IS NOT OLD.username OR NEW.first_name IS NOT OLD.first_name
    OR NEW.last_name IS NOT OLD.last_name OR NEW.state IS NOT OLD.state OR NEW.raw_attributes IS NOT OLD.raw_attributes
    OR NEW.custom_attributes IS NOT OLD.custom_attributes)
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata,
     created_at, updated_at)
  VALUES
    ('directory_user', 'dsync.user.updated', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.email, NEW.username, NEW.first_name,
     NEW.last_name, NEW.state, NEW.raw_attributes, NEW.custom_attributes, NEW.created_at, NEW.updated_at),
    ('directory_user', NULL, OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.email, OLD.username, OLD.first_name, OLD.last_name,
     OLD.state, OLD.raw_attributes, OLD.custom_attributes, OLD.created_at, OLD.updated_at);
END;

-- Once it is known who a directory user is, the places in groups that it has already are that user's. Whoever has no membership gets none.
CREATE TRIGGER _authz_directory_users_known AFTER UPDATE OF user ON authz_directory_users
WHEN NEW.user IS NOT NULL AND NEW.user IS NOT OLD.user
BEGIN
  INSERT INTO authz_group_members (group_id, subject)
  SELECT g.group_id, 'user:' || NEW.user
  FROM authz_directory_group_members AS m JOIN authz_directory_groups AS g ON g.id = m.directory_group
  WHERE m.member = NEW.id
    AND EXISTS (SELECT 1 FROM authz_memberships WHERE user = NEW.user AND organization = NEW.organization)
    AND NOT EXISTS (SELECT 1 FROM authz_group_members WHERE group_id = g.group_id AND subject = 'user:' || NEW.user);
END;

CREATE TRIGGER _authz_directory_users_delete BEFORE DELETE ON authz_directory_users
BEGIN
  DELETE FROM authz_directory_group_members WHERE member = OLD.id;
END;

-- Access ends with the directory user. Where a whole directory goes, it stays for whom another active one of the organization holds up.
CREATE TRIGGER _authz_directory_users_deleted AFTER DELETE ON authz_directory_users
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata,
     created_at, updated_at)
  SELECT 'directory_user', 'dsync.user.deleted', OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.email, OLD.username,
    OLD.first_name, OLD.last_name, OLD.state, OLD.raw_attributes, OLD.custom_attributes, OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
  UPDATE authz_memberships SET status = 'inactive'
  WHERE user = OLD.user AND organization = OLD.organization AND status <> 'inactive'
    AND NOT (
      EXISTS (SELECT 1 FROM authz_directories WHERE id = OLD.directory AND state = 'deleting')
      AND (OLD.state <> 'active' OR EXISTS (
        SELECT 1 FROM authz_directory_users AS other JOIN authz_directories AS d ON d.id = other.directory
        WHERE other.user = OLD.user AND other.organization = OLD.organization AND other.state = 'active' AND d.state = 'active'))
    );
END;

-- What a directory user shows of the attributes that follow from it; and what was told of them goes with them.
CREATE TRIGGER _authz_attribute_holders_inserted_directory_user AFTER INSERT ON _authz_attribute_holders WHEN NEW.source = 'directory'
BEGIN
  UPDATE authz_directory_users SET custom_attributes = NEW.shown
  WHERE id = NEW.key AND directory = NEW.provider AND custom_attributes <> NEW.shown;
END;
CREATE TRIGGER _authz_attribute_holders_updated_directory_user AFTER UPDATE OF shown ON _authz_attribute_holders WHEN NEW.source = 'directory'
BEGIN
  UPDATE authz_directory_users SET custom_attributes = NEW.shown
  WHERE id = NEW.key AND directory = NEW.provider AND custom_attributes <> NEW.shown;
END;
CREATE TRIGGER _authz_directory_users_deleted_attributes AFTER DELETE ON authz_directory_users
BEGIN
  DELETE FROM _authz_attribute_holders
  WHERE provider = OLD.directory AND source = 'directory' AND key = OLD.id AND organization = OLD.organization;
END;
CREATE TRIGGER _authz_directories_deleted_attributes AFTER DELETE ON authz_directories
BEGIN
  DELETE FROM authz_attribute_mappings WHERE provider = OLD.id;
END;

CREATE TRIGGER _authz_users_deleted_directory_users AFTER DELETE ON authz_users
BEGIN
  DELETE FROM _authz_directory_people WHERE user = OLD.id;
  UPDATE authz_directory_users SET user = NULL WHERE user = OLD.id;
END;

---- Rules: directory groups ------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_directory_groups_insert BEFORE INSERT ON authz_directory_groups
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'directory_read_only: groups of a directory come from its provider; SELECT authz_scim(directory, method, path, body)');
END;

CREATE TRIGGER _authz_directory_groups_inserted AFTER INSERT ON authz_directory_groups
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  SELECT 'directory_group', 'dsync.group.created', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.name, NEW.raw_attributes,
    NEW.created_at, NEW.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
  INSERT INTO authz_groups (id, organization, name) VALUES (NEW.group_id, NEW.organization, NEW.name);
END;

CREATE TRIGGER _authz_directory_groups_update BEFORE UPDATE ON authz_directory_groups
BEGIN
  SELECT RAISE(ABORT, 'directory_group_immutable: id, directory, organization, group_id and created_at of a directory group cannot change')
  WHERE NEW.id IS NOT OLD.id OR NEW.directory IS NOT OLD.directory OR NEW.organization IS NOT OLD.organization
    OR NEW.group_id IS NOT OLD.group_id OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'directory_read_only: groups of a directory come from its provider; SELECT authz_scim(directory, method, path, body)')
  WHERE NOT EXISTS (SELECT 1 FROM _authz_call);
END;

CREATE TRIGGER _authz_directory_groups_updated AFTER UPDATE OF idp_id, name, raw_attributes ON authz_directory_groups
WHEN NEW.idp_id IS NOT OLD.idp_id OR NEW.name IS NOT OLD.name OR NEW.raw_attributes IS NOT OLD.raw_attributes
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  SELECT 'directory_group', 'dsync.group.updated', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.name, NEW.raw_attributes,
    NEW.created_at, NEW.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on'
  UNION ALL
  SELECT 'directory_group', NULL, OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.name, OLD.raw_attributes, OLD.created_at,
    OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
  UPDATE authz_groups SET name = NEW.name WHERE id = NEW.group_id AND name IS NOT NEW.name;
END;

CREATE TRIGGER _authz_directory_groups_delete BEFORE DELETE ON authz_directory_groups
BEGIN
  DELETE FROM authz_directory_group_members WHERE directory_group = OLD.id;
  DELETE FROM authz_directory_group_members WHERE member = OLD.id;
END;

-- Its group goes with it, and with that the roles it gave.
CREATE TRIGGER _authz_directory_groups_deleted AFTER DELETE ON authz_directory_groups
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  SELECT 'directory_group', 'dsync.group.deleted', OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.name, OLD.raw_attributes,
    OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
  DELETE FROM authz_groups WHERE id = OLD.group_id;
END;

CREATE TRIGGER _authz_groups_deleted_directory_group AFTER DELETE ON authz_groups
BEGIN
  DELETE FROM authz_directory_groups WHERE group_id = OLD.id;
END;

---- Rules: members ---------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_directory_group_members_insert BEFORE INSERT ON authz_directory_group_members
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'directory_read_only: groups of a directory come from its provider; SELECT authz_scim(directory, method, path, body)');
END;

CREATE TRIGGER _authz_directory_group_members_update BEFORE UPDATE ON authz_directory_group_members
BEGIN
  SELECT RAISE(ABORT, 'directory_read_only: groups of a directory come from its provider; SELECT authz_scim(directory, method, path, body)');
END;

-- The subject that a member is in authz_group_members: a user that is known and has a membership, or the group of a directory group.
CREATE VIEW _authz_directory_subjects (member, subject) AS
SELECT u.id, 'user:' || u.user FROM authz_directory_users AS u
WHERE u.user IS NOT NULL AND EXISTS (SELECT 1 FROM authz_memberships AS m WHERE m.user = u.user AND m.organization = u.organization)
UNION ALL
SELECT g.id, 'group:' || g.group_id FROM authz_directory_groups AS g;

CREATE TRIGGER _authz_directory_group_members_inserted AFTER INSERT ON authz_directory_group_members
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, directory)
  SELECT 'directory_group_user', 'dsync.group.user_added', NEW.directory_group, NEW.member, u.directory
  FROM authz_directory_users AS u WHERE u.id = NEW.member AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  INSERT INTO _authz_outbox
    (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata,
     created_at, updated_at)
  SELECT 'directory_user', NULL, u.id, u.directory, u.organization, u.idp_id, u.email, u.username, u.first_name, u.last_name, u.state,
    u.raw_attributes, u.custom_attributes, u.created_at, u.updated_at
  FROM authz_directory_users AS u WHERE u.id = NEW.member AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  SELECT 'directory_group', NULL, g.id, g.directory, g.organization, g.idp_id, g.name, g.raw_attributes, g.created_at, g.updated_at
  FROM authz_directory_groups AS g
  WHERE g.id = NEW.directory_group AND EXISTS (SELECT 1 FROM authz_directory_users WHERE id = NEW.member)
    AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  INSERT INTO authz_group_members (group_id, subject)
  SELECT g.group_id, s.subject
  FROM authz_directory_groups AS g JOIN _authz_directory_subjects AS s ON s.member = NEW.member
  WHERE g.id = NEW.directory_group
    AND NOT EXISTS (SELECT 1 FROM authz_group_members WHERE group_id = g.group_id AND subject = s.subject);
END;

CREATE TRIGGER _authz_directory_group_members_deleted AFTER DELETE ON authz_directory_group_members
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, directory)
  SELECT 'directory_group_user', 'dsync.group.user_removed', OLD.directory_group, OLD.member, u.directory
  FROM authz_directory_users AS u WHERE u.id = OLD.member AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  INSERT INTO _authz_outbox
    (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata,
     created_at, updated_at)
  SELECT 'directory_user', NULL, u.id, u.directory, u.organization, u.idp_id, u.email, u.username, u.first_name, u.last_name, u.state,
    u.raw_attributes, u.custom_attributes, u.created_at, u.updated_at
  FROM authz_directory_users AS u WHERE u.id = OLD.member AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  SELECT 'directory_group', NULL, g.id, g.directory, g.organization, g.idp_id, g.name, g.raw_attributes, g.created_at, g.updated_at
  FROM authz_directory_groups AS g
  WHERE g.id = OLD.directory_group AND EXISTS (SELECT 1 FROM authz_directory_users WHERE id = OLD.member)
    AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  DELETE FROM authz_group_members
  WHERE group_id = (SELECT group_id FROM authz_directory_groups WHERE id = OLD.directory_group)
    AND subject IN (
      SELECT 'user:' || user FROM authz_directory_users WHERE id = OLD.member AND user IS NOT NULL
      UNION ALL SELECT 'group:' || group_id FROM authz_directory_groups WHERE id = OLD.member);
END;

---- Rules: the roles that a directory group gives --------------------------------------------------------------------------------

CREATE TRIGGER _authz_role_assignments_insert_directory BEFORE INSERT ON authz_role_assignments
WHEN NEW.source = 'directory' AND NEW.subject GLOB 'group:*'
BEGIN
  SELECT RAISE(ABORT, 'role_organization: a directory group is given roles on its own organization and on what lies below it')
  FROM authz_directory_groups AS g
  WHERE g.group_id = substr(NEW.subject, 7) AND NOT EXISTS (
    SELECT 1 FROM authz_resources AS r
    WHERE r.resource_type = NEW.resource_type
      AND r.resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
      AND CAST(r.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
      AND r.organization = g.organization
  );
END;

---- Events as they are read ------------------------------------------------------------------------------------------------------

-- sql/events/page.sql is this query with every table qualified: the library asks it directly where a host allows no JSON in a view.
CREATE VIEW authz_events (seq, id, event, data, context, created_at) AS
WITH
-- a directory user and a directory group as JSON: the object of an event of their own, or one of the two in that of a member
directory_users (seq, object) AS NOT MATERIALIZED (
  SELECT seq, json_object(
    'object', 'directory_user',
    'id', id,
    'directory_id', directory,
    'organization_id', CAST(organization AS TEXT),
    'idp_id', idp_id,
    'email', email,
    'first_name', first_name,
    'last_name', last_name,
    'username', username,
    'state', status,
    'raw_attributes', json(CASE WHEN json_valid(raw_attributes) THEN raw_attributes ELSE '{}' END),
    'custom_attributes', json(CASE WHEN json_valid(metadata) THEN metadata ELSE '{}' END),
    'created_at', created_at,
    'updated_at', updated_at)
  FROM _authz_outbox
),
directory_groups (seq, object) AS NOT MATERIALIZED (
  SELECT seq, json_object(
    'object', 'directory_group',
    'id', id,
    'directory_id', directory,
    'organization_id', CAST(organization AS TEXT),
    'idp_id', idp_id,
    'name', name,
    'raw_attributes', json(CASE WHEN json_valid(raw_attributes) THEN raw_attributes ELSE '{}' END),
    'created_at', created_at,
    'updated_at', updated_at)
  FROM _authz_outbox
),
-- the object of an event as JSON: as it was after, and (before = 1) as it was before
objects (seq, before, object) AS NOT MATERIALIZED (
  SELECT o.seq, side.before, CASE o.kind
    WHEN 'permission' THEN json_object(
      'object', 'permission',
      'id', p.id,
      'slug', p.slug,
      'name', ifnull(p.name, p.slug),
      'description', p.description,
      'system', json(CASE p.flag WHEN 1 THEN 'true' ELSE 'false' END),
      'resource_type_slug', p.resource_type,
      'relation', p.relation,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'role' THEN (
      SELECT CASE WHEN p.organization IS NULL
        THEN json_object(
          'object', 'role',
          'id', p.id,
          'slug', p.slug,
          'name', p.name,
          'description', p.description,
          'type', 'EnvironmentRole',
          'resource_type_slug', p.resource_type,
          'is_default', json(CASE p.flag WHEN 1 THEN 'true' ELSE 'false' END),
          'priority', p.number,
          'permissions', json(list.permissions),
          'created_at', p.created_at,
          'updated_at', p.updated_at)
        ELSE json_object(
          'object', 'organization_role',
          'id', p.id,
          'organization_id', CAST(p.organization AS TEXT),
          'slug', p.slug,
          'name', ifnull(p.name, p.slug),
          'description', p.description,
          'type', 'OrganizationRole',
          'resource_type_slug', p.resource_type,
          'is_default', json('false'),
          'priority', p.number,
          'permissions', json(list.permissions),
          'created_at', p.created_at,
          'updated_at', p.updated_at)
        END
      FROM (
        -- the list of today, with every change undone that came after the event (of a deleted role, with the deletion undone too): how
        -- a permission stood then is what the first change since says of it, or what holds today
        SELECT json_group_array(permission) AS permissions FROM (
          SELECT permission, held, min(seq) FROM (
            SELECT permission, held, seq FROM _authz_outbox_role_permissions
            WHERE role_id = p.id AND seq > o.seq - (side.before = 1 OR o.event GLOB '*.deleted')
            UNION ALL
            SELECT rp.permission, 1, 9223372036854775807
            FROM authz_roles AS r JOIN authz_role_permissions AS rp ON rp.role = r.slug AND rp.organization IS r.organization
            WHERE r.id = p.id
          )
          GROUP BY permission ORDER BY permission
        ) WHERE held = 1
      ) AS list
    )
    WHEN 'role_assignment' THEN json_object(
      'object', 'role_assignment',
      'subject', p.subject,
      'role', json_object('slug', p.role),
      'organization_id', CAST(p.organization AS TEXT),
      'resource_type_slug', p.resource_type,
      'resource_id', p.resource_id,
      'source', p.source,
      'expires_at', p.expires_at,
      'created_at', p.created_at)
    WHEN 'relationship' THEN json_object(
      'object', 'relationship',
      'subject', p.subject,
      'relation', p.relation,
      'resource_type_slug', p.resource_type,
      'resource_id', p.resource_id,
      'expires_at', p.expires_at,
      'created_at', p.created_at)
    WHEN 'authorization_resource' THEN json_object(
      'object', 'authorization_resource',
      'id', p.resource_type || ':' || p.resource_id,
      'external_id', CAST(p.resource_id AS TEXT),
      'resource_type_slug', p.resource_type,
      'resource_id', p.resource_id,
      'name', p.name,
      'description', p.description,
      'organization_id', CAST(p.organization AS TEXT),
      'parent_resource_id', p.parent_type || ':' || p.parent_id,
      'parent_resource_type_slug', p.parent_type,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'organization' THEN json_object(
      'object', 'organization',
      'id', CAST(p.id AS TEXT),
      'resource_id', p.id,
      'name', ifnull(p.name, CAST(p.id AS TEXT)),
      'description', p.description,
      'domains', json('[]'),
      'metadata', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'external_id', p.external_id,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'user' THEN json_object(
      'object', 'user',
      'id', p.id,
      'email', p.email,
      'email_verified', json('false'),
      'first_name', p.first_name,
      'last_name', p.last_name,
      'profile_picture_url', NULL,
      'last_sign_in_at', NULL,
      'metadata', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'external_id', p.external_id,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'organization_membership' THEN json_object(
      'object', 'organization_membership',
      'id', p.id,
      'user_id', substr(p.subject, 6),
      'organization_id', CAST(p.organization AS TEXT),
      'status', p.status,
      'role', json_object('slug', substr(p.roles, 1, instr(p.roles || ' ', ' ') - 1)),
      'roles', json('[{"slug":"' || replace(p.roles, ' ', '"},{"slug":"') || '"}]'),
      'directory_managed', json(CASE p.flag WHEN 1 THEN 'true' ELSE 'false' END),
      'custom_attributes', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'group' THEN CASE WHEN p.organization IS NULL
      THEN json_object(
        'object', 'authz_group',
        'id', p.id,
        'name', ifnull(p.name, p.id),
        'description', p.description,
        'created_at', p.created_at,
        'updated_at', p.updated_at)
      ELSE json_object(
        'object', 'group',
        'id', p.id,
        'organization_id', CAST(p.organization AS TEXT),
        'name', ifnull(p.name, p.id),
        'description', p.description,
        'created_at', p.created_at,
        'updated_at', p.updated_at)
      END
    WHEN 'group_member' THEN CASE WHEN p.membership IS NULL
      THEN json_object('group_id', p.id, 'subject', p.subject)
      ELSE json_object('group_id', p.id, 'organization_membership_id', p.membership, 'subject', p.subject)
      END
    WHEN 'connection' THEN json_object(
      'object', 'connection',
      'id', p.id,
      'organization_id', CAST(p.organization AS TEXT),
      'connection_type', p.source,
      'name', ifnull(p.name, p.source),
      'state', p.status,
      'status', CASE p.status WHEN 'active' THEN 'linked' ELSE 'unlinked' END,
      'external_key', p.id,
      'domains', json('[]'),
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    -- a path that is not there removes nothing
    WHEN 'sso_session' THEN json_remove(json_object(
      'type', 'sso',
      'status', p.status,
      'ip_address', p.ip_address,
      'user_agent', p.user_agent,
      'user_id', substr(p.subject, 6),
      'email', p.email,
      'sso', json_object(
        'organization_id', CAST(p.organization AS TEXT),
        'connection_id', p.connection,
        'session_id', p.id),
      'error', json_object('code', p.error_code, 'message', p.error_message)),
      CASE WHEN p.error_code IS NULL THEN '$.error' ELSE '$.none' END)
    WHEN 'session' THEN json_remove(json_object(
      'object', 'session',
      'id', p.id,
      'user_id', substr(p.subject, 6),
      'organization_id', CAST(p.organization AS TEXT),
      'auth_method', CASE WHEN p.auth_method IN ('cross_app_auth', 'external_auth', 'impersonation', 'magic_code', 'migrated_session',
        'oauth', 'passkey', 'password', 'sso') THEN p.auth_method ELSE 'unknown' END,
      'status', p.status,
      'ip_address', p.ip_address,
      'user_agent', p.user_agent,
      'impersonator', CASE
        WHEN CASE WHEN json_valid(p.impersonator) THEN json_type(p.impersonator, '$.email') END IS 'text'
        THEN json_object('email', json_extract(p.impersonator, '$.email'), 'reason', json_extract(p.impersonator, '$.reason'))
        ELSE json_object('email', p.impersonator, 'reason', NULL) END,
      'expires_at', p.expires_at,
      'ended_at', p.ended_at,
      'created_at', p.created_at,
      'updated_at', p.updated_at),
      CASE WHEN p.organization IS NULL THEN '$.organization_id' ELSE '$.none' END,
      CASE WHEN p.impersonator IS NULL THEN '$.impersonator' ELSE '$.none' END)
    WHEN 'model' THEN json_object(
      'object', 'model',
      'version', p.number,
      'summary', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'applied_at', p.created_at)
    WHEN 'events' THEN json_object('object', 'events', 'value', p.status)
    WHEN 'directory' THEN json_object(
      'object', 'directory',
      'id', p.id,
      'organization_id', CAST(p.organization AS TEXT),
      'external_key', p.id,
      'type', p.type,
      'state', p.status,
      'name', p.name,
      'domains', json('[]'),
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'directory_user' THEN (SELECT u.object FROM directory_users AS u WHERE u.seq = p.seq)
    WHEN 'directory_group' THEN (SELECT g.object FROM directory_groups AS g WHERE g.seq = p.seq)
    WHEN 'directory_group_user' THEN json_object(
      'directory_id', p.directory,
      'user', json((SELECT u.object FROM directory_users AS u WHERE u.seq = p.seq + 1)),
      'group', json((SELECT g.object FROM directory_groups AS g WHERE g.seq = p.seq + 2)))
    END
  FROM _authz_outbox AS o
  JOIN (SELECT 0 AS before UNION ALL SELECT 1) AS side
  JOIN _authz_outbox AS p ON p.seq = o.seq + CASE side.before
    WHEN 1 THEN EXISTS (SELECT 1 FROM _authz_outbox AS q WHERE q.seq = o.seq + 1 AND q.event IS NULL) ELSE 0 END
)
SELECT
  e.seq,
  e.id,
  e.event,
  -- of what a directory tells, the reference has what was before in the object itself
  CASE WHEN e.event IN ('dsync.user.updated', 'dsync.group.updated')
    THEN json_set(e.data, '$.previous_attributes', json(e.previous_attributes)) ELSE e.data END,
  -- written so that each part stands here once, for SQLite works it out as often as it is named
  nullif('{' || substr(ifnull(',"actor":' || e.actor, '') || CASE WHEN e.event IN ('dsync.user.updated', 'dsync.group.updated') THEN ''
    ELSE ifnull(',"previous_attributes":' || e.previous_attributes, '') END, 2) || '}', '{}'),
  e.created_at
FROM (
  SELECT
    o.seq,
    printf('event_%016x%08x', o.token, o.seq) AS id,
    o.event,
    (SELECT object FROM objects WHERE seq = o.seq AND before = 0) AS data,
    CASE WHEN o.actor_id IS NOT NULL
      THEN json_object('id', o.actor_id, 'source', o.actor_source, 'name', o.actor_name)
    END AS actor,
    CASE WHEN o.event GLOB '*.updated' OR o.event GLOB '*.moved' THEN (
      SELECT json_group_object(was.key, json(x.old -> was.fullkey))
      -- LIMIT keeps SQLite from rendering both anew for every member
      FROM (
        SELECT
          (SELECT object FROM objects WHERE seq = o.seq AND before = 1) AS old,
          (SELECT object FROM objects WHERE seq = o.seq AND before = 0) AS new
        LIMIT 1
      ) AS x, json_each(x.old) AS was
      WHERE was.key <> 'updated_at' AND (x.old -> was.fullkey) IS NOT (x.new -> was.fullkey)
    ) END AS previous_attributes,
    o.written_at AS created_at
  FROM _authz_outbox AS o
  WHERE o.event IS NOT NULL
) AS e;

CREATE TRIGGER _authz_events_insert INSTEAD OF INSERT ON authz_events BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: events are written by the changes they tell of');
END;
CREATE TRIGGER _authz_events_update INSTEAD OF UPDATE ON authz_events BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: what was written stays as it is');
END;
CREATE TRIGGER _authz_events_delete INSTEAD OF DELETE ON authz_events BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: an event cannot be deleted; SELECT authz_prune_events() drops what is old and acknowledged');
END;
