-- People (organizations, users, memberships) and the outbox: every change of roles, permissions, resources, assignments, groups and
-- people, written down by triggers in the transaction that made it.
--
-- The triggers obey the rules of the first file: plain SQL, no JSON, no expression in RAISE. What they write is typed columns; the JSON
-- of an event is made when it is read, by the view `authz_events`, which stands in the last file that adds to it.

INSERT INTO _authz_schema (version, name) VALUES (2, 'outbox');

---- Settings ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE _authz_settings (
  name TEXT NOT NULL PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO _authz_settings (name, value) VALUES ('events', 'on'), ('events_keep_days', 90);

-- A later schema that brings a setting of its own drops these, inserts its row and creates them again.
CREATE TRIGGER _authz_settings_insert BEFORE INSERT ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_unknown: there is no setting of that name; UPDATE one that is there');
END;

CREATE TRIGGER _authz_settings_delete BEFORE DELETE ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_required: a setting cannot be deleted; UPDATE it');
END;

CREATE TRIGGER _authz_settings_update BEFORE UPDATE ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_unknown: the name of a setting cannot change') WHERE NEW.name IS NOT OLD.name;
END;

CREATE TRIGGER _authz_settings_update_events BEFORE UPDATE ON _authz_settings
WHEN NEW.name IN ('events', 'events_keep_days')
BEGIN
  SELECT RAISE(ABORT, 'setting_invalid: events is on or off') WHERE NEW.name = 'events' AND NEW.value NOT IN ('on', 'off');
  SELECT RAISE(ABORT, 'setting_invalid: events_keep_days is an INTEGER from 1 to 36500')
  WHERE NEW.name = 'events_keep_days' AND NOT (typeof(NEW.value) = 'integer' AND NEW.value BETWEEN 1 AND 36500);
END;

---- The outbox -------------------------------------------------------------------------------------------------------------------

-- Events, in the order in which they were committed, each with its object as it was when the event was written. What else an event has to
-- tell stands in the rows right after it, which are no events (`event` is NULL): of one that changed something, the object as it was
-- before (where that is not there, nothing but the permissions of a role changed); of one about a member of a directory group, the user
-- and then the group. And where the last event was pruned, a row of the kind 'pruned' keeps its number from being given again; that is
-- what AUTOINCREMENT would be for, but for a page more in each commit. `authz_events` is the public face.
--
-- One wide table for all kinds of objects: a column that a kind lacks costs a byte.
CREATE TABLE _authz_outbox (
  seq INTEGER PRIMARY KEY,
  -- what kind of object it is: says how the columns are to be read
  kind TEXT NOT NULL,
  event TEXT,
  -- makes the id of the event unlike that of any other, also after a backup was restored and has gone on
  token INTEGER NOT NULL DEFAULT (random()),
  written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- who it was, as claimed by the connection; filled in at most once
  actor_id TEXT,
  actor_source TEXT,
  actor_name TEXT,
  id ANY,
  slug TEXT,
  organization ANY,
  resource_type TEXT,
  resource_id ANY,
  parent_type TEXT,
  parent_id ANY,
  -- a member or holder of a role; of a membership or a session, `user:` and the user
  subject TEXT,
  -- of a member of a group: the membership that stands behind it
  membership TEXT,
  role TEXT,
  -- of a relationship, or of a permission: the relation that grants it too
  relation TEXT,
  -- of a connection: its type
  source TEXT,
  name TEXT,
  description TEXT,
  email TEXT,
  first_name TEXT,
  last_name TEXT,
  external_id TEXT,
  -- metadata, custom attributes, or the summary of a model: JSON text
  metadata TEXT,
  status TEXT,
  -- system, is_default, directory_managed
  flag INTEGER,
  -- priority, version
  number INTEGER,
  -- the slugs of a membership's roles, separated by spaces, the one shown first
  roles TEXT,
  -- of a sign-in or a session
  connection TEXT,
  ip_address TEXT,
  user_agent TEXT,
  error_code TEXT,
  error_message TEXT,
  auth_method TEXT,
  impersonator TEXT,
  -- of a directory user, of a directory group, of a member of one
  directory TEXT,
  -- the id that the provider has for a user or a group
  idp_id TEXT,
  username TEXT,
  -- what the provider sent: JSON text
  raw_attributes TEXT,
  -- of a directory
  type TEXT,
  expires_at TEXT,
  ended_at TEXT,
  created_at TEXT,
  updated_at TEXT,
  CONSTRAINT "events are numbered from 1" CHECK (seq > 0),
  CONSTRAINT "an actor has an id and a source" CHECK ((actor_id IS NULL) = (actor_source IS NULL)),
  CONSTRAINT "the source of an actor is api, dashboard, admin_portal or system"
    CHECK (actor_source = 'api' OR actor_source = 'dashboard' OR actor_source = 'admin_portal' OR actor_source = 'system')
) STRICT;

-- The number of the last event, also where that was pruned; 0 where there was none.
CREATE VIEW _authz_last_event (seq) AS SELECT ifnull(max(seq), 0) FROM _authz_outbox WHERE event IS NOT NULL OR kind = 'pruned';

-- What happened to the permissions of a role: `held` says whether the role had the permission before the change that stands at `seq`.
-- Lists of permissions are long and not stored; the one at an event is that of today with every later change undone.
CREATE TABLE _authz_outbox_role_permissions (
  role_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  permission TEXT NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (role_id, seq, permission)
) STRICT, WITHOUT ROWID;

-- While a function of the library runs, one row: the events that it writes begin at `first_seq`, and are folded to one for each object
-- at its end. Nobody else ever sees the row, for it goes in the transaction that it came in.
CREATE TABLE _authz_call (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  first_seq INTEGER NOT NULL,
  -- set by authz_prune_events: what was written before it may go
  prune_before TEXT,
  -- set by authz_sweep, whose clock may stand later than that of the file: what was due before it did not end now
  expired_before TEXT
) STRICT;

-- The roles that the running call has written an event for: a further change of their permissions belongs to that event.
CREATE TABLE _authz_call_roles (
  id TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to where each consumer has come.
CREATE TABLE _authz_consumers (
  consumer TEXT NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL DEFAULT 0,
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "the name of a consumer has 1 to 128 characters" CHECK (length(consumer) BETWEEN 1 AND 128)
) STRICT, WITHOUT ROWID;

CREATE VIEW authz_consumers (consumer, position, behind, updated_at) AS
SELECT c.consumer, c.position, (SELECT count(*) FROM _authz_outbox AS o WHERE o.event IS NOT NULL AND o.seq > c.position), c.updated_at
FROM _authz_consumers AS c;

CREATE TRIGGER _authz_consumers_drop INSTEAD OF DELETE ON authz_consumers
BEGIN
  DELETE FROM _authz_consumers WHERE consumer = OLD.consumer;
END;

CREATE TRIGGER _authz_consumers_insert BEFORE INSERT ON _authz_consumers
BEGIN
  SELECT RAISE(ABORT, 'consumer_position: a position is that of an event, or 0 before the first')
  WHERE NEW.position < 0 OR NEW.position > (SELECT seq FROM _authz_last_event);
END;

CREATE TRIGGER _authz_consumers_replace BEFORE INSERT ON _authz_consumers
WHEN EXISTS (SELECT 1 FROM _authz_consumers WHERE consumer = NEW.consumer)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_consumers_update BEFORE UPDATE ON _authz_consumers
BEGIN
  SELECT RAISE(ABORT, 'consumer_immutable: the name of a consumer cannot change; insert another and delete this one')
  WHERE NEW.consumer IS NOT OLD.consumer;
  SELECT RAISE(ABORT, 'consumer_position: a position never goes back') WHERE NEW.position < OLD.position;
  SELECT RAISE(ABORT, 'consumer_position: a position never goes past the last event')
  WHERE NEW.position > OLD.position AND NEW.position > (SELECT seq FROM _authz_last_event);
END;

---- What is taken ----------------------------------------------------------------------------------------------------------------

-- A second key for each slug, for the sake of its name: SQLite tells which index was in the way only of one on an expression, and these
-- carry the codes of the reference. No trigger can say them, for it does not see whether ON CONFLICT follows. The key made last is
-- looked at first; one that ON CONFLICT names is looked at before.
CREATE UNIQUE INDEX _authz_permission_slug_conflict ON authz_permissions (slug || '');
CREATE UNIQUE INDEX _authz_role_slug_conflict ON authz_roles (slug || '') WHERE organization IS NULL;
CREATE UNIQUE INDEX _authz_organization_role_slug_conflict ON authz_roles (slug || '', organization) WHERE organization IS NOT NULL;

---- People -----------------------------------------------------------------------------------------------------------------------

-- An organization and its resource of type `organization` are one thing: each row here has its twin in authz_resources, made from either
-- side and kept in step by triggers.
CREATE TABLE authz_organizations (
  id ANY NOT NULL PRIMARY KEY DEFAULT ('org_' || lower(hex(randomblob(13)))),
  name TEXT,
  description TEXT,
  external_id TEXT,
  -- a JSON object of at most 50 strings of at most 600 characters, under names of at most 40
  metadata TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- as in authz_resources: what OR IGNORE passes over on one side must not be left on the other
  CONSTRAINT "an id is an INTEGER or TEXT of 1 to 256 bytes"
    CHECK (typeof(id) = 'integer' OR (typeof(id) = 'text' AND length(CAST(id AS BLOB)) BETWEEN 1 AND 256)),
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (typeof(id) = 'integer' OR (id <> '*' AND instr(id, char(0)) = 0 AND (id NOT GLOB '*[^!-"$-~]*' OR id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*'))),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "an external id has at most 128 characters" CHECK (length(external_id) <= 128)
) STRICT, WITHOUT ROWID;

CREATE TABLE authz_users (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('user_' || lower(hex(randomblob(13)))),
  email TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  external_id TEXT,
  metadata TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (id <> '*' AND instr(id, char(0)) = 0 AND (id NOT GLOB '*[^!-"$-~]*' OR id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*')),
  CONSTRAINT "an e-mail address has at most 320 characters" CHECK (length(email) <= 320),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(first_name) <= 256 AND length(last_name) <= 256),
  CONSTRAINT "an external id has at most 128 characters" CHECK (length(external_id) <= 128)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_users_by_email ON authz_users (email);

CREATE TABLE authz_memberships (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('om_' || lower(hex(randomblob(13)))),
  user TEXT NOT NULL,
  organization ANY NOT NULL,
  status TEXT NOT NULL DEFAULT 'active',
  -- 1: a directory decides about the status
  directory_managed INTEGER NOT NULL DEFAULT 0,
  -- what directories and sign-ins told about the user: a JSON object, not written by hand
  custom_attributes TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "status is active, inactive or pending" CHECK (status IN ('active', 'inactive', 'pending')),
  CONSTRAINT "directory_managed is 0 or 1" CHECK (directory_managed IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_memberships_key ON authz_memberships (user, organization);
CREATE INDEX _authz_memberships_by_organization ON authz_memberships (organization);

-- A row while a user is suspended in an organization: the membership is not active, or was not when it was deleted. It goes when a
-- membership of the user there is made active.
CREATE TABLE _authz_suspensions (
  user TEXT NOT NULL,
  organization ANY NOT NULL,
  PRIMARY KEY (user, organization)
) STRICT, WITHOUT ROWID;

-- The roles of a membership that is being deleted: its event comes after theirs, and still shows them.
CREATE TABLE _authz_departing (
  id TEXT NOT NULL PRIMARY KEY,
  roles TEXT
) STRICT, WITHOUT ROWID;

---- Rules: metadata --------------------------------------------------------------------------------------------------------------

-- Whoever writes metadata inserts it here, and it is refused or nothing happens. JSON functions may be used neither in triggers nor in
-- constraints, so the text is read here, token by token, and strings from one backslash to the next.
CREATE VIEW _authz_metadata (metadata) AS SELECT NULL;

CREATE TRIGGER _authz_metadata_insert INSTEAD OF INSERT ON _authz_metadata
BEGIN
  SELECT RAISE(ABORT, 'metadata_invalid: metadata is a JSON object of at most 50 strings, each of at most 600 characters under a name of at most 40')
  WHERE length(NEW.metadata) > 1000000 OR instr(NEW.metadata, char(0)) > 0 OR NOT EXISTS (
    WITH RECURSIVE
    -- what comes next, and where; the text from there on for a while, NULL when it must be fetched; within a string how many characters
    -- it has so far, and at which quote or backslash in the text ends what may be taken as it is; how many names there were
    reading (next, place, text, length, stop, names) AS (
      SELECT 'object', 1, NULL, 0, NULL, 0
      UNION ALL
      -- the longest string that may be, all of it escaped, has 7200 characters
      SELECT next, place, substr(NEW.metadata, place, 8000), length, NULL, names FROM reading WHERE text IS NULL AND next <> 'end'
      UNION ALL
      SELECT next, place + length(text), NULL, 0, NULL, names
      FROM reading
      WHERE next IN ('object', 'first', 'colon', 'value', 'comma', 'name') AND text <> '' AND ltrim(text, char(9, 10, 13, 32)) = ''
      UNION ALL
      SELECT
        CASE next || substr(ltrim(text, char(9, 10, 13, 32)), 1, 1)
          WHEN 'object{' THEN 'first' WHEN 'first"' THEN 'in name' WHEN 'first}' THEN 'end'
          WHEN 'colon:' THEN 'value' WHEN 'value"' THEN 'in value'
          WHEN 'comma,' THEN 'name' WHEN 'name"' THEN 'in name' WHEN 'comma}' THEN 'end'
        END,
        place + length(text) - length(ltrim(text, char(9, 10, 13, 32))) + 1, NULL, 0, NULL, names + (next IN ('first', 'name'))
      FROM reading
      WHERE next IN ('object', 'first', 'colon', 'value', 'comma', 'name') AND names <= 50 AND ltrim(text, char(9, 10, 13, 32)) <> ''
      UNION ALL
      SELECT next, place, text, length,
        CASE WHEN instr(text, '\') BETWEEN 1 AND instr(text, '"') THEN instr(text, '\') ELSE instr(text, '"') END, names
      FROM reading WHERE next IN ('in name', 'in value') AND text IS NOT NULL AND stop IS NULL
      UNION ALL
      SELECT next, place + stop - 1 + taken, substr(text, stop + taken), length + stop, NULL, names
      FROM reading JOIN (SELECT 2 AS taken UNION ALL SELECT 6 UNION ALL SELECT 12)
      WHERE stop > 0 AND substr(text, stop, 1) = '\' AND length + stop <= CASE next WHEN 'in name' THEN 40 ELSE 600 END
        AND substr(text, 1, stop - 1) NOT GLOB '*[' || char(1) || '-' || char(31) || ']*'
        AND taken = CASE
          WHEN substr(text, stop + 1, 1) IN ('"', '\', '/', 'b', 'f', 'n', 'r', 't') THEN 2
          WHEN substr(text, stop + 1, 5) = 'u0000' THEN NULL
          WHEN lower(substr(text, stop + 1, 5)) GLOB 'u[0-9a-ce-f][0-9a-f][0-9a-f][0-9a-f]' THEN 6
          WHEN lower(substr(text, stop + 1, 5)) GLOB 'ud[0-7][0-9a-f][0-9a-f]' THEN 6
          -- the two halves of one character
          WHEN lower(substr(text, stop + 1, 11)) GLOB 'ud[89ab][0-9a-f][0-9a-f]\ud[c-f][0-9a-f][0-9a-f]' THEN 12
        END
      UNION ALL
      SELECT CASE next WHEN 'in name' THEN 'colon' ELSE 'comma' END, place + stop, NULL, 0, NULL, names
      FROM reading
      WHERE stop > 0 AND substr(text, stop, 1) = '"' AND length + stop - 1 <= CASE next WHEN 'in name' THEN 40 ELSE 600 END
        AND substr(text, 1, stop - 1) NOT GLOB '*[' || char(1) || '-' || char(31) || ']*'
    )
    SELECT 1 FROM reading WHERE next = 'end' AND ltrim(substr(NEW.metadata, place), char(9, 10, 13, 32)) = ''
  );
END;

CREATE TRIGGER _authz_organizations_insert_metadata BEFORE INSERT ON authz_organizations
WHEN NEW.metadata <> '{}'
BEGIN
  INSERT INTO _authz_metadata (metadata) VALUES (NEW.metadata);
END;

CREATE TRIGGER _authz_organizations_update_metadata BEFORE UPDATE OF metadata ON authz_organizations
WHEN NEW.metadata IS NOT OLD.metadata AND NEW.metadata <> '{}'
BEGIN
  INSERT INTO _authz_metadata (metadata) VALUES (NEW.metadata);
END;

CREATE TRIGGER _authz_users_insert_metadata BEFORE INSERT ON authz_users
WHEN NEW.metadata <> '{}'
BEGIN
  INSERT INTO _authz_metadata (metadata) VALUES (NEW.metadata);
END;

CREATE TRIGGER _authz_users_update_metadata BEFORE UPDATE OF metadata ON authz_users
WHEN NEW.metadata IS NOT OLD.metadata AND NEW.metadata <> '{}'
BEGIN
  INSERT INTO _authz_metadata (metadata) VALUES (NEW.metadata);
END;

---- Rules: organizations ---------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_organizations_replace BEFORE INSERT ON authz_organizations
WHEN EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

-- As _authz_resources_insert_twin: OR IGNORE passes over an organization whose id is registered with the other type.
CREATE TRIGGER _authz_organizations_insert_twin BEFORE INSERT ON authz_organizations
WHEN EXISTS (
  SELECT 1 FROM authz_organizations
  WHERE id = CASE typeof(NEW.id) WHEN 'integer' THEN CAST(NEW.id AS TEXT) ELSE CAST(NEW.id AS INTEGER) END
    AND CAST(id AS TEXT) = CAST(NEW.id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'resource_exists: 42 and ''42'' are one organization, and it is registered with the other type of id');
END;

CREATE TRIGGER _authz_organizations_inserted AFTER INSERT ON authz_organizations
BEGIN
  INSERT INTO authz_resources (resource_type, resource_id, organization, name, description, created_at, updated_at)
  SELECT 'organization', NEW.id, NEW.id, NEW.name, NEW.description, NEW.created_at, NEW.updated_at
  WHERE NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = 'organization' AND resource_id = NEW.id);
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  SELECT 'organization', 'organization.created', NEW.id, NEW.name, NEW.description, NEW.external_id, NEW.metadata, NEW.created_at,
    NEW.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

CREATE TRIGGER _authz_organizations_update BEFORE UPDATE OF id, created_at ON authz_organizations
WHEN NEW.id IS NOT OLD.id OR typeof(NEW.id) <> typeof(OLD.id) OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'organization_immutable: id and created_at of an organization cannot change; create another and delete this one');
END;

CREATE TRIGGER _authz_organizations_updated AFTER UPDATE OF name, description, external_id, metadata ON authz_organizations
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description
  OR NEW.external_id IS NOT OLD.external_id OR NEW.metadata IS NOT OLD.metadata
BEGIN
  UPDATE authz_organizations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  UPDATE authz_resources SET name = NEW.name, description = NEW.description, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE resource_type = 'organization' AND resource_id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  SELECT 'organization', 'organization.updated', NEW.id, NEW.name, NEW.description, NEW.external_id, NEW.metadata, NEW.created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM _authz_settings WHERE name = 'events' AND value = 'on'
  UNION ALL
  SELECT 'organization', NULL, OLD.id, OLD.name, OLD.description, OLD.external_id, OLD.metadata, OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

CREATE TRIGGER _authz_organizations_delete BEFORE DELETE ON authz_organizations
BEGIN
  SELECT RAISE(ABORT, 'organization_has_members: the organization has memberships; delete them first')
  WHERE EXISTS (SELECT 1 FROM authz_memberships WHERE organization = OLD.id);
  SELECT RAISE(ABORT, 'resource_has_dependents: the organization has resources; remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = 'organization' AND parent_id = OLD.id);
  DELETE FROM authz_role_assignments WHERE resource_type = 'organization' AND resource_id = OLD.id;
  DELETE FROM authz_role_assignments WHERE subject = 'organization:' || OLD.id;
  DELETE FROM authz_group_members WHERE subject = 'organization:' || OLD.id;
  DELETE FROM authz_groups WHERE organization = OLD.id;
  DELETE FROM authz_roles WHERE organization = OLD.id;
  DELETE FROM _authz_suspensions WHERE organization = OLD.id;
END;

CREATE TRIGGER _authz_organizations_deleted AFTER DELETE ON authz_organizations
BEGIN
  DELETE FROM authz_resources WHERE resource_type = 'organization' AND resource_id = OLD.id;
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  SELECT 'organization', 'organization.deleted', OLD.id, OLD.name, OLD.description, OLD.external_id, OLD.metadata, OLD.created_at,
    OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

---- Rules: users -----------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_users_replace BEFORE INSERT ON authz_users
WHEN EXISTS (SELECT 1 FROM authz_users WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_users_inserted AFTER INSERT ON authz_users
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  VALUES ('user', 'user.created', NEW.id, NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata, NEW.created_at,
    NEW.updated_at);
END;

CREATE TRIGGER _authz_users_update BEFORE UPDATE OF id, created_at ON authz_users
WHEN NEW.id IS NOT OLD.id OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'user_immutable: id and created_at of a user cannot change; create another and delete this one');
END;

CREATE TRIGGER _authz_users_updated AFTER UPDATE OF email, first_name, last_name, external_id, metadata ON authz_users
WHEN NEW.email IS NOT OLD.email OR NEW.first_name IS NOT OLD.first_name OR NEW.last_name IS NOT OLD.last_name
  OR NEW.external_id IS NOT OLD.external_id OR NEW.metadata IS NOT OLD.metadata
BEGIN
  UPDATE authz_users SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  SELECT 'user', 'user.updated', NEW.id, NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata, NEW.created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM _authz_settings WHERE name = 'events' AND value = 'on'
  UNION ALL
  SELECT 'user', NULL, OLD.id, OLD.email, OLD.first_name, OLD.last_name, OLD.external_id, OLD.metadata, OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

-- With a user go the memberships, the roles held and the places in groups.
CREATE TRIGGER _authz_users_delete BEFORE DELETE ON authz_users
BEGIN
  DELETE FROM authz_memberships WHERE user = OLD.id;
  DELETE FROM authz_role_assignments WHERE subject = 'user:' || OLD.id;
  DELETE FROM authz_group_members WHERE subject = 'user:' || OLD.id;
END;

CREATE TRIGGER _authz_users_deleted AFTER DELETE ON authz_users
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  VALUES ('user', 'user.deleted', OLD.id, OLD.email, OLD.first_name, OLD.last_name, OLD.external_id, OLD.metadata, OLD.created_at,
    OLD.updated_at);
END;

---- Rules: memberships -----------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_memberships_insert BEFORE INSERT ON authz_memberships
BEGIN
  SELECT RAISE(ABORT, 'user_unknown: the user of the membership is not in authz_users; insert it first')
  WHERE NOT EXISTS (SELECT 1 FROM authz_users WHERE id = NEW.user);
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the membership is not registered; write its id as it stands in authz_organizations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization);
END;

CREATE TRIGGER _authz_memberships_insert_attributes BEFORE INSERT ON authz_memberships
WHEN NEW.custom_attributes <> '{}'
BEGIN
  SELECT RAISE(ABORT, 'custom_attributes_read_only: custom attributes come from directories and sign-ins; leave them out');
END;

CREATE TRIGGER _authz_memberships_replace BEFORE INSERT ON authz_memberships
WHEN EXISTS (SELECT 1 FROM authz_memberships WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM authz_memberships WHERE user = NEW.user AND organization = NEW.organization)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

-- The roles of a membership, separated by spaces, the one shown first: by the order of roles, then by slug.
CREATE VIEW _authz_membership_roles (id, roles) AS
SELECT m.id, (
  SELECT group_concat(slug, ' ') FROM (
    SELECT r.slug
    FROM authz_role_assignments AS a JOIN authz_roles AS r ON r.slug = a.role AND r.organization IS a.organization
    WHERE a.subject = 'user:' || m.user AND a.resource_type = 'organization' AND a.resource_id = m.organization
      AND (a.expires_at IS NULL OR a.expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    GROUP BY r.id ORDER BY min(r.priority), r.slug
  )
)
FROM authz_memberships AS m;

-- A new membership gets the default role, which stands there before the event says so.
CREATE TRIGGER _authz_memberships_inserted AFTER INSERT ON authz_memberships
BEGIN
  DELETE FROM _authz_suspensions WHERE NEW.status = 'active' AND user = NEW.user AND organization = NEW.organization;
  INSERT INTO _authz_suspensions (user, organization) SELECT NEW.user, NEW.organization
  WHERE NEW.status <> 'active'
    AND NOT EXISTS (SELECT 1 FROM _authz_suspensions WHERE user = NEW.user AND organization = NEW.organization);
  UPDATE authz_role_assignments SET expires_at = NULL
  WHERE subject = 'user:' || NEW.user AND resource_type = 'organization' AND resource_id = NEW.organization AND source = 'direct'
    AND role = (SELECT slug FROM authz_roles WHERE is_default = 1 AND organization IS NULL) AND expires_at IS NOT NULL;
  INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
  SELECT 'user:' || NEW.user, r.slug, 'organization', NEW.organization
  FROM authz_roles AS r
  WHERE r.is_default = 1 AND r.organization IS NULL AND NOT EXISTS (
    SELECT 1 FROM authz_role_assignments AS a
    WHERE a.subject = 'user:' || NEW.user AND a.resource_type = 'organization' AND a.resource_id = NEW.organization AND a.role = r.slug
      AND a.expires_at IS NULL
  );
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  SELECT 'organization_membership', 'organization_membership.created', NEW.id, 'user:' || NEW.user, NEW.organization, NEW.status,
    NEW.directory_managed, NEW.custom_attributes, (SELECT roles FROM _authz_membership_roles WHERE id = NEW.id), NEW.created_at,
    NEW.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

CREATE TRIGGER _authz_memberships_update BEFORE UPDATE OF id, user, organization, created_at ON authz_memberships
WHEN NEW.id IS NOT OLD.id OR NEW.user IS NOT OLD.user OR NEW.organization IS NOT OLD.organization
  OR typeof(NEW.organization) <> typeof(OLD.organization) OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'membership_immutable: id, user, organization and created_at of a membership cannot change; delete it and create another');
END;

CREATE TRIGGER _authz_memberships_update_attributes BEFORE UPDATE OF custom_attributes ON authz_memberships
WHEN NEW.custom_attributes IS NOT OLD.custom_attributes
BEGIN
  SELECT RAISE(ABORT, 'custom_attributes_read_only: custom attributes come from directories and sign-ins, and cannot be written');
END;

CREATE TRIGGER _authz_memberships_updated AFTER UPDATE OF status, directory_managed, custom_attributes ON authz_memberships
WHEN NEW.status IS NOT OLD.status OR NEW.directory_managed IS NOT OLD.directory_managed OR NEW.custom_attributes IS NOT OLD.custom_attributes
BEGIN
  UPDATE authz_memberships SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  DELETE FROM _authz_suspensions WHERE NEW.status = 'active' AND user = NEW.user AND organization = NEW.organization;
  INSERT INTO _authz_suspensions (user, organization) SELECT NEW.user, NEW.organization
  WHERE NEW.status <> 'active'
    AND NOT EXISTS (SELECT 1 FROM _authz_suspensions WHERE user = NEW.user AND organization = NEW.organization);
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  SELECT 'organization_membership', 'organization_membership.updated', NEW.id, 'user:' || NEW.user, NEW.organization, NEW.status,
    NEW.directory_managed, NEW.custom_attributes, (SELECT roles FROM _authz_membership_roles WHERE id = NEW.id), NEW.created_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM _authz_settings WHERE name = 'events' AND value = 'on'
  UNION ALL
  SELECT 'organization_membership', NULL, OLD.id, 'user:' || OLD.user, OLD.organization, OLD.status, OLD.directory_managed,
    OLD.custom_attributes, (SELECT roles FROM _authz_membership_roles WHERE id = NEW.id), OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
END;

-- The user leaves the organization's groups while the membership is still there, for their events name it.
CREATE TRIGGER _authz_memberships_delete BEFORE DELETE ON authz_memberships
BEGIN
  INSERT INTO _authz_departing (id, roles) SELECT id, roles FROM _authz_membership_roles WHERE id = OLD.id;
  DELETE FROM authz_group_members
  WHERE subject = 'user:' || OLD.user AND group_id IN (SELECT id FROM authz_groups WHERE organization = OLD.organization);
END;

-- The assignments go after it, for while it is there the default role stays. A suspension stays.
CREATE TRIGGER _authz_memberships_deleted AFTER DELETE ON authz_memberships
BEGIN
  DELETE FROM authz_role_assignments
  WHERE subject = 'user:' || OLD.user AND EXISTS (
    SELECT 1 FROM authz_resources AS o
    WHERE o.resource_type = authz_role_assignments.resource_type AND o.resource_id = authz_role_assignments.resource_id
      AND o.organization = OLD.organization
  );
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  SELECT 'organization_membership', 'organization_membership.deleted', OLD.id, 'user:' || OLD.user, OLD.organization, OLD.status,
    OLD.directory_managed, OLD.custom_attributes, (SELECT roles FROM _authz_departing WHERE id = OLD.id), OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
  DELETE FROM _authz_departing WHERE id = OLD.id;
END;

CREATE TRIGGER _authz_suspensions_changes_insert BEFORE INSERT ON _authz_suspensions BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES ('user:' || NEW.user, NULL, NULL, NULL);
END;
CREATE TRIGGER _authz_suspensions_changes_update BEFORE UPDATE ON _authz_suspensions BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES ('user:' || NEW.user, NULL, NULL, NULL);
END;
CREATE TRIGGER _authz_suspensions_changes_delete BEFORE DELETE ON _authz_suspensions BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES ('user:' || OLD.user, NULL, NULL, NULL);
END;

---- Rules: the default role ------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_roles_insert_default BEFORE INSERT ON authz_roles
WHEN NEW.is_default = 1
BEGIN
  SELECT RAISE(ABORT, 'role_default_kind: the default role is an environment role on organizations')
  WHERE NEW.organization IS NOT NULL OR NEW.resource_type <> 'organization';
END;

CREATE TRIGGER _authz_roles_update_default BEFORE UPDATE OF is_default ON authz_roles
WHEN NEW.is_default <> OLD.is_default
BEGIN
  SELECT RAISE(ABORT, 'role_default_kind: the default role is an environment role on organizations')
  WHERE NEW.is_default = 1 AND (NEW.organization IS NOT NULL OR NEW.resource_type <> 'organization');
  SELECT RAISE(ABORT, 'role_default_required: one role is the default; make another the default instead')
  WHERE NEW.is_default = 0 AND NOT EXISTS (SELECT 1 FROM authz_roles WHERE is_default = 1 AND id <> NEW.id);
END;

CREATE TRIGGER _authz_roles_delete_default BEFORE DELETE ON authz_roles
WHEN OLD.is_default = 1
BEGIN
  SELECT RAISE(ABORT, 'role_default_required: one role is the default; make another the default first');
END;

-- Every membership holds the new default too.
CREATE TRIGGER _authz_roles_updated_default AFTER UPDATE OF is_default ON authz_roles
WHEN NEW.is_default = 1 AND OLD.is_default = 0
BEGIN
  UPDATE authz_roles SET is_default = 0 WHERE is_default = 1 AND id <> NEW.id;
  UPDATE authz_role_assignments SET expires_at = NULL
  WHERE role = NEW.slug AND organization IS NULL AND expires_at IS NOT NULL AND source = 'direct' AND EXISTS (
    SELECT 1 FROM authz_memberships AS m
    WHERE m.user = substr(authz_role_assignments.subject, 6) AND authz_role_assignments.subject GLOB 'user:*'
      AND m.organization = authz_role_assignments.resource_id
  );
  INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
  SELECT 'user:' || m.user, NEW.slug, 'organization', m.organization
  FROM authz_memberships AS m
  WHERE NOT EXISTS (
    SELECT 1 FROM authz_role_assignments AS a
    WHERE a.subject = 'user:' || m.user AND a.resource_type = 'organization' AND a.resource_id = m.organization AND a.role = NEW.slug
      AND a.expires_at IS NULL
  );
END;

CREATE TRIGGER _authz_role_assignments_delete_default BEFORE DELETE ON authz_role_assignments
WHEN OLD.resource_type = 'organization' AND OLD.subject GLOB 'user:*' AND OLD.expires_at IS NULL
BEGIN
  SELECT RAISE(ABORT, 'role_default_held: a membership holds at least the default role; delete the membership, or make another role the default')
  WHERE EXISTS (SELECT 1 FROM authz_roles WHERE slug = OLD.role AND organization IS NULL AND is_default = 1)
    AND EXISTS (SELECT 1 FROM authz_memberships WHERE user = substr(OLD.subject, 6) AND organization = OLD.resource_id)
    AND NOT EXISTS (
      SELECT 1 FROM authz_role_assignments
      WHERE subject = OLD.subject AND resource_type = OLD.resource_type AND resource_id = OLD.resource_id AND role = OLD.role
        AND source <> OLD.source AND expires_at IS NULL
    );
END;

CREATE TRIGGER _authz_role_assignments_expire_default BEFORE UPDATE OF expires_at ON authz_role_assignments
WHEN NEW.resource_type = 'organization' AND NEW.subject GLOB 'user:*' AND OLD.expires_at IS NULL AND NEW.expires_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'role_default_held: a membership holds at least the default role, and without an end')
  WHERE EXISTS (SELECT 1 FROM authz_roles WHERE slug = OLD.role AND organization IS NULL AND is_default = 1)
    AND EXISTS (SELECT 1 FROM authz_memberships WHERE user = substr(OLD.subject, 6) AND organization = OLD.resource_id)
    AND NOT EXISTS (
      SELECT 1 FROM authz_role_assignments
      WHERE subject = OLD.subject AND resource_type = OLD.resource_type AND resource_id = OLD.resource_id AND role = OLD.role
        AND source <> OLD.source AND expires_at IS NULL
    );
END;

---- Events: permissions ----------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_permissions_event_created AFTER INSERT ON authz_permissions
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, created_at, updated_at)
  VALUES ('permission', 'permission.created', NEW.id, NEW.slug, NEW.resource_type, NEW.name, NEW.description, NEW.system, NEW.created_at,
    NEW.updated_at);
END;

CREATE TRIGGER _authz_permissions_event_updated AFTER UPDATE OF name, description, system ON authz_permissions
WHEN (NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.system IS NOT OLD.system)
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, created_at, updated_at)
  VALUES
    ('permission', 'permission.updated', NEW.id, NEW.slug, NEW.resource_type, NEW.name, NEW.description, NEW.system, NEW.created_at,
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('permission', NULL, OLD.id, OLD.slug, OLD.resource_type, OLD.name, OLD.description, OLD.system, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_permissions_event_deleted AFTER DELETE ON authz_permissions
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, created_at, updated_at)
  VALUES ('permission', 'permission.deleted', OLD.id, OLD.slug, OLD.resource_type, OLD.name, OLD.description, OLD.system, OLD.created_at,
    OLD.updated_at);
END;

---- Events: roles ----------------------------------------------------------------------------------------------------------------

DROP TRIGGER _authz_roles_inserted;
CREATE TRIGGER _authz_roles_inserted AFTER INSERT ON authz_roles
BEGIN
  UPDATE authz_roles
  SET priority = (SELECT ifnull(max(priority), 0) + 1 FROM authz_roles WHERE organization IS NEW.organization)
  WHERE id = NEW.id AND NEW.priority IS NULL;
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  SELECT 'role', CASE WHEN NEW.organization IS NULL THEN 'role.created' ELSE 'organization_role.created' END, id, slug, organization,
    resource_type, name, description, is_default, priority, created_at, updated_at
  FROM authz_roles WHERE id = NEW.id AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  -- As _authz_roles_updated_default does.
  UPDATE authz_roles SET is_default = 0 WHERE NEW.is_default = 1 AND is_default = 1 AND id <> NEW.id;
  INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
  SELECT 'user:' || m.user, NEW.slug, 'organization', m.organization
  FROM authz_memberships AS m WHERE NEW.is_default = 1;
END;

CREATE TRIGGER _authz_roles_event_updated AFTER UPDATE OF name, description, is_default, priority ON authz_roles
WHEN (NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.is_default IS NOT OLD.is_default
    OR (NEW.priority IS NOT OLD.priority AND OLD.priority IS NOT NULL))
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  VALUES
    ('role', CASE WHEN NEW.organization IS NULL THEN 'role.updated' ELSE 'organization_role.updated' END, NEW.id, NEW.slug,
     NEW.organization, NEW.resource_type, NEW.name, NEW.description, NEW.is_default, NEW.priority, NEW.created_at,
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('role', NULL, OLD.id, OLD.slug, OLD.organization, OLD.resource_type, OLD.name, OLD.description, OLD.is_default, OLD.priority,
     OLD.created_at, OLD.updated_at);
END;

-- The event comes first, for its list is made of what is noted here; the permissions that go then find no role and write nothing.
DROP TRIGGER _authz_roles_deleted;
CREATE TRIGGER _authz_roles_deleted AFTER DELETE ON authz_roles
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  SELECT 'role', CASE WHEN OLD.organization IS NULL THEN 'role.deleted' ELSE 'organization_role.deleted' END, OLD.id, OLD.slug,
    OLD.organization, OLD.resource_type, OLD.name, OLD.description, OLD.is_default, OLD.priority, OLD.created_at, OLD.updated_at
  FROM _authz_settings WHERE name = 'events' AND value = 'on';
  INSERT INTO _authz_outbox_role_permissions (role_id, seq, permission, held)
  SELECT OLD.id, last.seq, rp.permission, 1
  FROM authz_role_permissions AS rp, _authz_last_event AS last
  WHERE rp.role = OLD.slug AND rp.organization IS OLD.organization AND NOT EXISTS (
    SELECT 1 FROM _authz_outbox_role_permissions WHERE role_id = OLD.id AND seq = last.seq AND permission = rp.permission
  );
  DELETE FROM authz_role_permissions WHERE role = OLD.slug AND organization IS OLD.organization;
END;

-- The roles whose change is to be written down as an event of its own: not while events are off, nor when the running call has one.
CREATE VIEW _authz_roles_to_record AS
SELECT r.* FROM authz_roles AS r
WHERE EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
  AND NOT EXISTS (SELECT 1 FROM _authz_call_roles AS c WHERE c.id = r.id);

-- Where a change of a role's permissions is noted: at the event that the running call has for the role, else at the last event, which the
-- trigger has just written, or which is the one that turned events off. Not at all for a role that the running call created.
CREATE VIEW _authz_roles_to_note (id, slug, organization, seq) AS
SELECT r.id, r.slug, r.organization, ifnull(c.seq, (SELECT seq FROM _authz_last_event))
FROM authz_roles AS r LEFT JOIN _authz_call_roles AS c ON c.id = r.id
WHERE c.created IS NOT 1;

-- Only where the event may be folded with others does it say how the rest of the role was before: as it is.
CREATE TRIGGER _authz_role_permissions_inserted AFTER INSERT ON authz_role_permissions
BEGIN
  UPDATE authz_roles SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = (SELECT id FROM _authz_roles_to_record WHERE slug = NEW.role AND organization IS NEW.organization);
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  SELECT 'role', CASE WHEN organization IS NULL THEN 'role.updated' ELSE 'organization_role.updated' END, id, slug, organization,
    resource_type, name, description, is_default, priority, created_at, updated_at
  FROM _authz_roles_to_record WHERE slug = NEW.role AND organization IS NEW.organization
  UNION ALL
  SELECT 'role', NULL, id, slug, organization, resource_type, name, description, is_default, priority, created_at, updated_at
  FROM _authz_roles_to_record WHERE slug = NEW.role AND organization IS NEW.organization AND EXISTS (SELECT 1 FROM _authz_call);
  INSERT INTO _authz_outbox_role_permissions (role_id, seq, permission, held)
  SELECT r.id, r.seq, NEW.permission, 0
  FROM _authz_roles_to_note AS r
  WHERE r.slug = NEW.role AND r.organization IS NEW.organization AND NOT EXISTS (
    SELECT 1 FROM _authz_outbox_role_permissions WHERE role_id = r.id AND seq = r.seq AND permission = NEW.permission
  );
END;

CREATE TRIGGER _authz_role_permissions_deleted AFTER DELETE ON authz_role_permissions
BEGIN
  UPDATE authz_roles SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE id = (SELECT id FROM _authz_roles_to_record WHERE slug = OLD.role AND organization IS OLD.organization);
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  SELECT 'role', CASE WHEN organization IS NULL THEN 'role.updated' ELSE 'organization_role.updated' END, id, slug, organization,
    resource_type, name, description, is_default, priority, created_at, updated_at
  FROM _authz_roles_to_record WHERE slug = OLD.role AND organization IS OLD.organization
  UNION ALL
  SELECT 'role', NULL, id, slug, organization, resource_type, name, description, is_default, priority, created_at, updated_at
  FROM _authz_roles_to_record WHERE slug = OLD.role AND organization IS OLD.organization AND EXISTS (SELECT 1 FROM _authz_call);
  INSERT INTO _authz_outbox_role_permissions (role_id, seq, permission, held)
  SELECT r.id, r.seq, OLD.permission, 1
  FROM _authz_roles_to_note AS r
  WHERE r.slug = OLD.role AND r.organization IS OLD.organization AND NOT EXISTS (
    SELECT 1 FROM _authz_outbox_role_permissions WHERE role_id = r.id AND seq = r.seq AND permission = OLD.permission
  );
END;

---- Events: resources ------------------------------------------------------------------------------------------------------------

-- The event of a row that has to be completed first comes after that; one that is complete needs no second look.
DROP TRIGGER _authz_resources_inserted;
CREATE TRIGGER _authz_resources_inserted AFTER INSERT ON authz_resources
WHEN NEW.organization IS NULL
BEGIN
  UPDATE authz_resources SET organization = NEW.resource_id
  WHERE NEW.resource_type = 'organization' AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id;
  UPDATE authz_resources SET organization = p.organization, parent_id = p.resource_id
  FROM authz_resources AS p
  WHERE NEW.parent_type IS NOT NULL
    AND authz_resources.resource_type = NEW.resource_type AND authz_resources.resource_id = NEW.resource_id
    AND p.resource_type = NEW.parent_type
    AND p.resource_id IN (NEW.parent_id, CASE typeof(NEW.parent_id) WHEN 'integer' THEN CAST(NEW.parent_id AS TEXT) ELSE CAST(NEW.parent_id AS INTEGER) END)
    AND CAST(p.resource_id AS TEXT) = CAST(NEW.parent_id AS TEXT)
    AND (p.organization IS NOT NULL OR p.resource_id IS NOT NEW.parent_id);
  INSERT INTO _authz_outbox
    (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, created_at, updated_at)
  SELECT 'authorization_resource', 'authorization_resource.created', resource_type, resource_id, parent_type, parent_id, organization, name,
    description, created_at, updated_at
  FROM authz_resources
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND NEW.resource_type <> 'organization'
    AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
END;

CREATE TRIGGER _authz_resources_event_created AFTER INSERT ON authz_resources
WHEN NEW.organization IS NOT NULL AND NEW.resource_type <> 'organization'
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, created_at, updated_at)
  VALUES ('authorization_resource', 'authorization_resource.created', NEW.resource_type, NEW.resource_id, NEW.parent_type, NEW.parent_id,
    NEW.organization, NEW.name, NEW.description, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_resources_inserted_organization AFTER INSERT ON authz_resources
WHEN NEW.resource_type = 'organization'
BEGIN
  INSERT INTO authz_organizations (id, name, description, created_at, updated_at)
  SELECT NEW.resource_id, NEW.name, NEW.description, NEW.created_at, NEW.updated_at
  WHERE NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.resource_id);
END;

-- A parent written with the other type of id than it is registered with is no move.
CREATE TRIGGER _authz_resources_event_updated AFTER UPDATE OF name, description, parent_type, parent_id ON authz_resources
WHEN NEW.resource_type <> 'organization'
  AND (NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.parent_type IS NOT OLD.parent_type
    OR CAST(NEW.parent_id AS TEXT) IS NOT CAST(OLD.parent_id AS TEXT))
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, created_at, updated_at)
  VALUES
    ('authorization_resource',
     CASE WHEN NEW.parent_type IS NOT OLD.parent_type OR CAST(NEW.parent_id AS TEXT) IS NOT CAST(OLD.parent_id AS TEXT)
       THEN 'authorization_resource.moved' ELSE 'authorization_resource.updated' END,
     NEW.resource_type, NEW.resource_id, NEW.parent_type, NEW.parent_id, NEW.organization, NEW.name, NEW.description, NEW.created_at,
     strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('authorization_resource', NULL, OLD.resource_type, OLD.resource_id, OLD.parent_type, OLD.parent_id, OLD.organization, OLD.name,
     OLD.description, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_resources_updated_organization AFTER UPDATE OF name, description ON authz_resources
WHEN NEW.resource_type = 'organization' AND (NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description)
BEGIN
  UPDATE authz_organizations SET name = NEW.name, description = NEW.description
  WHERE id = NEW.resource_id AND (name IS NOT NEW.name OR description IS NOT NEW.description);
END;

DROP TRIGGER _authz_resources_delete;
CREATE TRIGGER _authz_resources_delete BEFORE DELETE ON authz_resources
BEGIN
  SELECT RAISE(ABORT, 'resource_has_dependents: the resource has children; remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = OLD.resource_type AND parent_id = OLD.resource_id);
  SELECT RAISE(ABORT, 'organization_has_members: the organization has memberships; delete them first')
  WHERE OLD.resource_type = 'organization' AND EXISTS (SELECT 1 FROM authz_memberships WHERE organization = OLD.resource_id);
  DELETE FROM authz_role_assignments WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  DELETE FROM authz_role_assignments WHERE subject = OLD.resource_type || ':' || OLD.resource_id;
  DELETE FROM authz_group_members WHERE subject = OLD.resource_type || ':' || OLD.resource_id;
END;

CREATE TRIGGER _authz_resources_deleted_organization AFTER DELETE ON authz_resources
WHEN OLD.resource_type = 'organization'
BEGIN
  DELETE FROM authz_organizations WHERE id = OLD.resource_id;
END;

CREATE TRIGGER _authz_resources_event_deleted AFTER DELETE ON authz_resources
WHEN OLD.resource_type <> 'organization' AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, created_at, updated_at)
  VALUES ('authorization_resource', 'authorization_resource.deleted', OLD.resource_type, OLD.resource_id, OLD.parent_type, OLD.parent_id,
    OLD.organization, OLD.name, OLD.description, OLD.created_at, OLD.updated_at);
END;

---- Events: role assignments -----------------------------------------------------------------------------------------------------

-- Most rows are told of as they were written.
CREATE TRIGGER _authz_role_assignments_event_created AFTER INSERT ON authz_role_assignments
WHEN NOT (NEW.subject GLOB 'group:*' OR (NEW.role GLOB 'org-*' AND NEW.organization IS NULL)
    OR NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id))
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at)
  VALUES ('role_assignment', 'role_assignment.created', NEW.subject, NEW.role, NEW.organization, NEW.resource_type, NEW.resource_id,
    NEW.source, NEW.expires_at, NEW.created_at);
END;

-- The others: a group that comes into being is told of first, and the row is told of as `_authz_role_assignments_complete` leaves it.
DROP TRIGGER _authz_role_assignments_inserted;
CREATE TRIGGER _authz_role_assignments_inserted AFTER INSERT ON authz_role_assignments
WHEN NEW.subject GLOB 'group:*' OR (NEW.role GLOB 'org-*' AND NEW.organization IS NULL)
  OR NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
BEGIN
  INSERT INTO authz_groups (id) SELECT substr(NEW.subject, 7)
  WHERE NEW.subject GLOB 'group:*' AND NOT EXISTS (SELECT 1 FROM authz_groups WHERE id = substr(NEW.subject, 7));
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at)
  SELECT 'role_assignment', 'role_assignment.created', NEW.subject, NEW.role, CASE WHEN NEW.role GLOB 'org-*' THEN o.organization END,
    NEW.resource_type, o.resource_id, NEW.source, NEW.expires_at, NEW.created_at
  FROM authz_resources AS o
  WHERE o.resource_type = NEW.resource_type
    AND o.resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
    AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
END;

CREATE TRIGGER _authz_role_assignments_event_updated AFTER UPDATE OF expires_at ON authz_role_assignments
WHEN NEW.expires_at IS NOT OLD.expires_at AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at)
  VALUES
    ('role_assignment', 'role_assignment.updated', NEW.subject, NEW.role, NEW.organization, NEW.resource_type, NEW.resource_id, NEW.source,
     NEW.expires_at, NEW.created_at),
    ('role_assignment', NULL, OLD.subject, OLD.role, OLD.organization, OLD.resource_type, OLD.resource_id, OLD.source, OLD.expires_at,
     OLD.created_at);
END;

-- What was over by itself did not end now.
CREATE TRIGGER _authz_role_assignments_event_deleted AFTER DELETE ON authz_role_assignments
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at)
  VALUES ('role_assignment',
    CASE WHEN OLD.expires_at <= ifnull((SELECT expired_before FROM _authz_call), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
      THEN 'role_assignment.expired' ELSE 'role_assignment.deleted' END,
    OLD.subject, OLD.role, OLD.organization, OLD.resource_type, OLD.resource_id, OLD.source, OLD.expires_at, OLD.created_at);
END;

---- Events: groups ---------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_groups_event_created AFTER INSERT ON authz_groups
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, description, created_at, updated_at)
  VALUES ('group', CASE WHEN NEW.organization IS NULL THEN 'authz_group.created' ELSE 'group.created' END, NEW.id, NEW.organization,
    NEW.name, NEW.description, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_groups_event_updated AFTER UPDATE OF name, description ON authz_groups
WHEN (NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description)
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, description, created_at, updated_at)
  VALUES
    ('group', CASE WHEN NEW.organization IS NULL THEN 'authz_group.updated' ELSE 'group.updated' END, NEW.id, NEW.organization, NEW.name,
     NEW.description, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('group', NULL, OLD.id, OLD.organization, OLD.name, OLD.description, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_groups_event_deleted AFTER DELETE ON authz_groups
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, description, created_at, updated_at)
  VALUES ('group', CASE WHEN OLD.organization IS NULL THEN 'authz_group.deleted' ELSE 'group.deleted' END, OLD.id, OLD.organization,
    OLD.name, OLD.description, OLD.created_at, OLD.updated_at);
END;

-- The membership behind a member: of a user, in the organization of the group.
CREATE VIEW _authz_group_memberships (group_id, subject, membership) AS
SELECT gm.group_id, gm.subject, (
  SELECT m.id FROM authz_groups AS g JOIN authz_memberships AS m ON m.user = substr(gm.subject, 6) AND m.organization = g.organization
  WHERE g.id = gm.group_id AND gm.subject GLOB 'user:*'
)
FROM authz_group_members AS gm;

DROP TRIGGER _authz_group_members_inserted;
CREATE TRIGGER _authz_group_members_inserted AFTER INSERT ON authz_group_members
BEGIN
  INSERT INTO authz_groups (id) SELECT NEW.group_id WHERE NOT EXISTS (SELECT 1 FROM authz_groups WHERE id = NEW.group_id);
  INSERT INTO authz_groups (id) SELECT substr(NEW.subject, 7)
  WHERE NEW.subject GLOB 'group:*' AND NOT EXISTS (SELECT 1 FROM authz_groups WHERE id = substr(NEW.subject, 7));
  INSERT INTO _authz_outbox (kind, event, id, subject, membership)
  SELECT 'group_member', CASE WHEN membership IS NULL THEN 'group_member.created' ELSE 'group.member_added' END, group_id, subject,
    membership
  FROM _authz_group_memberships
  WHERE group_id = NEW.group_id AND subject = NEW.subject AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
END;

CREATE TRIGGER _authz_group_members_event_deleted AFTER DELETE ON authz_group_members
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, membership)
  SELECT 'group_member', CASE
    WHEN OLD.subject GLOB 'user:*' AND EXISTS (
      SELECT 1 FROM authz_groups AS g JOIN authz_memberships AS m ON m.user = substr(OLD.subject, 6) AND m.organization = g.organization
      WHERE g.id = OLD.group_id)
    THEN 'group.member_removed' ELSE 'group_member.deleted' END, OLD.group_id, OLD.subject, (
    SELECT m.id FROM authz_groups AS g JOIN authz_memberships AS m ON m.user = substr(OLD.subject, 6) AND m.organization = g.organization
    WHERE g.id = OLD.group_id AND OLD.subject GLOB 'user:*');
END;

---- Events: the model, the outbox itself -----------------------------------------------------------------------------------------

CREATE TRIGGER _authz_model_history_event_created AFTER INSERT ON authz_model_history
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, number, metadata, created_at)
  VALUES ('model', 'model.applied', NEW.version, NEW.summary, NEW.applied_at);
END;

-- Whoever follows must know of the gap: the last event before it and the first after it say so.
CREATE TRIGGER _authz_settings_event_updated AFTER UPDATE OF value ON _authz_settings
WHEN NEW.name = 'events' AND NEW.value <> OLD.value
BEGIN
  INSERT INTO _authz_outbox (kind, event, status, created_at)
  VALUES ('events', CASE NEW.value WHEN 'off' THEN 'events.disabled' ELSE 'events.enabled' END, NEW.value,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;

---- What was written stays as it is ----------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_outbox_insert BEFORE INSERT ON _authz_outbox
WHEN NEW.seq > 0
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: events are numbered by the outbox itself');
END;

-- A role that the running call has written of for the first time.
CREATE TRIGGER _authz_outbox_inserted AFTER INSERT ON _authz_outbox
WHEN NEW.kind = 'role' AND NEW.event IS NOT NULL AND EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  INSERT INTO _authz_call_roles (id, seq, created)
  SELECT NEW.id, NEW.seq, NEW.event GLOB '*.created' WHERE NOT EXISTS (SELECT 1 FROM _authz_call_roles WHERE id = NEW.id);
END;

CREATE TRIGGER _authz_outbox_update BEFORE UPDATE OF
  seq, kind, event, token, written_at, id, slug, organization, resource_type, resource_id, parent_type, parent_id, subject, membership,
  role, relation, source, name, description, email, first_name, last_name, external_id, metadata, status, flag, number, roles,
  connection, ip_address, user_agent, error_code, error_message, auth_method, impersonator, directory, idp_id, username, raw_attributes,
  type, expires_at, ended_at, created_at, updated_at
ON _authz_outbox
WHEN NOT EXISTS (SELECT 1 FROM _authz_call WHERE OLD.seq >= first_seq)
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: what was written stays as it is; only a missing actor is filled in, once');
END;

CREATE TRIGGER _authz_outbox_update_actor BEFORE UPDATE OF actor_id, actor_source, actor_name ON _authz_outbox
WHEN (OLD.actor_id IS NOT NULL OR NEW.actor_id IS NULL) AND NOT EXISTS (SELECT 1 FROM _authz_call WHERE OLD.seq >= first_seq)
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: what was written stays as it is; only a missing actor is filled in, once');
END;

-- A running call may take back what it has written itself, or prune what is old and acknowledged by every consumer.
CREATE TRIGGER _authz_outbox_delete BEFORE DELETE ON _authz_outbox
WHEN CASE
  WHEN OLD.event IS NOT NULL THEN NOT EXISTS (
    SELECT 1 FROM _authz_call AS c
    WHERE OLD.seq >= c.first_seq
       OR (OLD.written_at < c.prune_before AND NOT EXISTS (SELECT 1 FROM _authz_consumers WHERE position < OLD.seq)))
  WHEN OLD.kind = 'pruned' THEN NOT EXISTS (SELECT 1 FROM _authz_outbox WHERE seq > OLD.seq)
  ELSE EXISTS (SELECT 1 FROM _authz_outbox WHERE seq = OLD.seq - 1) END
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: an event cannot be deleted; SELECT authz_prune_events() drops what is old and acknowledged');
END;

-- What belongs to an event goes with it. Lists of permissions are undone from today backwards, so what is noted of a role's before the
-- first event that is left has no reader.
CREATE TRIGGER _authz_outbox_deleted AFTER DELETE ON _authz_outbox
WHEN OLD.event IS NOT NULL
BEGIN
  DELETE FROM _authz_outbox_role_permissions
  WHERE OLD.kind = 'role' AND role_id = OLD.id AND seq <= OLD.seq AND NOT EXISTS (SELECT 1 FROM _authz_outbox WHERE seq < OLD.seq);
  DELETE FROM _authz_outbox WHERE seq = OLD.seq + 1 AND event IS NULL AND kind <> 'pruned';
  DELETE FROM _authz_outbox WHERE seq = OLD.seq + 2 AND event IS NULL AND OLD.kind = 'directory_group_user';
END;

CREATE TRIGGER _authz_outbox_role_permissions_update BEFORE UPDATE ON _authz_outbox_role_permissions
WHEN NOT EXISTS (SELECT 1 FROM _authz_call WHERE OLD.seq >= first_seq AND NEW.seq >= first_seq)
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: what was written stays as it is');
END;

CREATE TRIGGER _authz_outbox_role_permissions_delete BEFORE DELETE ON _authz_outbox_role_permissions
WHEN EXISTS (SELECT 1 FROM _authz_outbox WHERE seq <= OLD.seq) AND NOT EXISTS (SELECT 1 FROM _authz_call WHERE OLD.seq >= first_seq)
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: what was written stays as it is');
END;

CREATE TRIGGER _authz_call_insert BEFORE INSERT ON _authz_call
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: a call begins after the last event')
  WHERE NEW.first_seq <= (SELECT ifnull(max(seq), 0) FROM _authz_outbox);
END;

CREATE TRIGGER _authz_call_update BEFORE UPDATE OF id, first_seq ON _authz_call
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: a call begins after the last event');
END;

CREATE TRIGGER _authz_call_deleted AFTER DELETE ON _authz_call
BEGIN
  DELETE FROM _authz_call_roles;
END;

---- What is there from the start -------------------------------------------------------------------------------------------------

-- Organizations that were registered as resources before they had a table of their own.
INSERT INTO authz_organizations (id, name, description, created_at, updated_at)
SELECT resource_id, name, description, created_at, updated_at FROM authz_resources WHERE resource_type = 'organization';

-- The default role.
INSERT INTO authz_roles (slug, name, description, is_default)
SELECT 'member', 'Member', 'Held by every member of an organization', NOT EXISTS (SELECT 1 FROM authz_roles WHERE is_default = 1)
WHERE NOT EXISTS (SELECT 1 FROM authz_roles WHERE slug = 'member' AND organization IS NULL);
UPDATE authz_roles SET is_default = 1
WHERE slug = 'member' AND organization IS NULL AND resource_type = 'organization'
  AND NOT EXISTS (SELECT 1 FROM authz_roles WHERE is_default = 1);
