-- core: the model (resource types, permissions, roles, relations), the resources, groups, role assignments and relationships.
--
-- Everything the evaluator reads is here. Constraints and triggers enforce the rules, so that a client without the library gets the
-- same refusals as one with it. Three limits follow from that:
--   * foreign keys are off unless a connection turns them on, so triggers guard every reference;
--   * under trusted_schema=OFF a trigger may use no JSON function, no pragma function and no virtual table;
--   * old hosts allow only a literal in RAISE, so each refusal is a fixed sentence behind a code.
--
-- SQLite parses this text again for each connection that opens the file, and the time it takes grows with the number of tokens. So each
-- table has at most one trigger for each moment, and conditions are written in their shortest form.

-- The migrations that ran.
CREATE TABLE _authz_schema (
  system TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (system, version)
) STRICT, WITHOUT ROWID;
INSERT INTO _authz_schema VALUES ('core', 1, 'core');

-- The last changes that can alter an answer: a connection that keeps facts forgets what a change touches, and nothing else. A row with a
-- resource alone is about that resource; with a subject and a resource, about a role assignment; with a relation besides, about a
-- relationship or a member of a group; with a subject alone, about the standing of a user. A row of NULLs is a change of the model.
-- A counter is not enough: after write, ROLLBACK, write it has the same value again, so each row has a random token too. The table always
-- has a row and stays within a page or two: after a commit by another connection those pages are read again.
CREATE TABLE _authz_changes (
  number INTEGER PRIMARY KEY,
  token INTEGER NOT NULL DEFAULT (random()),
  subject TEXT,
  relation TEXT,
  resource_type TEXT,
  resource_id ANY
) STRICT;
INSERT INTO _authz_changes DEFAULT VALUES;

-- A connection that is further behind than this forgets everything.
CREATE TRIGGER _authz_changes_prune AFTER INSERT ON _authz_changes WHEN NEW.number % 8 = 0
BEGIN
  DELETE FROM _authz_changes WHERE number <= NEW.number - 24;
END;

-- Which tables of the application hold which facts: an entry for each type that is bound, number 0, and for each table that says who holds
-- what. Written by authz_bind.
CREATE TABLE _authz_bindings (
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (name, number)
) STRICT, WITHOUT ROWID;

-- The last changes in those tables, as _authz_changes has those of ours. A row of NULLs says that a row is about to change.
CREATE TABLE _authz_row_changes (
  number INTEGER PRIMARY KEY,
  token INTEGER NOT NULL DEFAULT (random()),
  subject,
  relation,
  resource_type,
  resource_id
);
INSERT INTO _authz_row_changes DEFAULT VALUES;
CREATE TRIGGER _authz_row_changes_prune AFTER INSERT ON _authz_row_changes WHEN NEW.number % 64 = 0
BEGIN
  DELETE FROM _authz_row_changes WHERE number <= NEW.number - 64;
END;

-- Rows of those tables that may be about to be replaced.
CREATE TABLE _authz_leaving (resource_type, resource_id);

-- Tells OR REPLACE from other inserts. OR REPLACE deletes the old row without its delete triggers, so it would skip every rule about
-- deletion. A statement in a trigger takes over the conflict clause of the outer statement; so INSERT OR IGNORE of the row that is here
-- does nothing, unless the outer statement says OR REPLACE: then it sets `replaced`.
CREATE TABLE _authz_replace_probe (
  id INTEGER PRIMARY KEY,
  replaced INTEGER NOT NULL
) STRICT;
INSERT INTO _authz_replace_probe VALUES (1, 0);

---- Settings -----------------------------------------------------------------------------------------------------------------------

-- The settings of a system come with it.
CREATE TABLE _authz_settings (
  name TEXT NOT NULL PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- A system that brings settings drops this, inserts them and creates it again.
CREATE TRIGGER _authz_settings_insert BEFORE INSERT ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_unknown: there is no setting of that name; UPDATE one that is there');
END;

CREATE TRIGGER _authz_settings_update BEFORE UPDATE ON _authz_settings
BEGIN
  SELECT CASE
    WHEN NEW.name <> OLD.name THEN RAISE(ABORT, 'setting_unknown: the name of a setting cannot change')
    WHEN NEW.name IN ('events', 'require_membership') AND NEW.value NOT IN ('on', 'off') THEN RAISE(ABORT, 'setting_invalid: its values are on and off')
    WHEN NEW.name = 'events_keep_days' AND NOT (typeof(NEW.value) = 'integer' AND NEW.value BETWEEN 1 AND 36500)
      THEN RAISE(ABORT, 'setting_invalid: events_keep_days is an INTEGER from 1 to 36500')
    WHEN NEW.name = 'session_max_seconds' AND NOT (typeof(NEW.value) = 'integer' AND NEW.value BETWEEN 1 AND 315360000)
      THEN RAISE(ABORT, 'setting_invalid: session_max_seconds is an INTEGER from 1 to 315360000')
    WHEN NEW.name = 'session_inactivity_seconds' AND NOT (typeof(NEW.value) = 'integer' AND NEW.value BETWEEN 0 AND 315360000)
      THEN RAISE(ABORT, 'setting_invalid: session_inactivity_seconds is an INTEGER from 0, which is none, to 315360000')
  END;
  INSERT INTO _authz_changes (subject) SELECT NULL WHERE NEW.name = 'require_membership';
END;

CREATE TRIGGER _authz_settings_delete BEFORE DELETE ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_required: a setting cannot be deleted; UPDATE it');
END;

---- Resource types -----------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_resource_types (
  slug TEXT NOT NULL PRIMARY KEY,
  description TEXT,
  -- 1: a model document declared it, and a later document without it removes it
  declared INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- NULL: not searched. A permission of the type: who has it on a resource finds that resource. '*': who finds something below a
  -- resource finds that resource too.
  search TEXT,
  CONSTRAINT "a slug has 1 to 128 letters, digits, _ and -"
    CHECK (length(slug) BETWEEN 1 AND 128 AND slug NOT GLOB '*[^A-Za-z0-9_-]*' AND instr(slug, char(0)) = 0),
  CONSTRAINT "user, group, agent and service are subject types; they exist without being declared"
    CHECK (slug NOT IN ('user', 'group', 'agent', 'service')),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1)),
  CONSTRAINT "search is a permission of 1 to 128 characters, or *" CHECK (length(search) BETWEEN 1 AND 128)
) STRICT, WITHOUT ROWID;

-- A type without a row here is a root type; a resource of any other type needs a parent of one of these types.
CREATE TABLE authz_resource_type_parents (
  resource_type TEXT NOT NULL,
  parent_type TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (resource_type, parent_type),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_resource_type_parents_by_parent ON authz_resource_type_parents (parent_type, resource_type);

---- Permissions and roles ------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_permissions (
  -- sorts by creation
  id TEXT NOT NULL DEFAULT ('perm_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  slug TEXT NOT NULL PRIMARY KEY,
  resource_type TEXT NOT NULL DEFAULT 'organization',
  name TEXT,
  description TEXT,
  system INTEGER NOT NULL DEFAULT 0,
  declared INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- who has this relation has the permission, besides those who have it by roles
  relation TEXT,
  CONSTRAINT "a slug has 1 to 128 letters, digits and - _ . : * /"
    CHECK (length(slug) BETWEEN 1 AND 128 AND slug NOT GLOB '*[^A-Za-z0-9_.:*/-]*' AND instr(slug, char(0)) = 0),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "system and declared are 0 or 1" CHECK (system IN (0, 1) AND declared IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_permissions_by_id ON authz_permissions (id);
CREATE INDEX _authz_permissions_by_type ON authz_permissions (resource_type);
-- A second key for each slug, for the sake of its name: SQLite names an index in an error only where it is on an expression, and these
-- carry WorkOS's codes. A trigger cannot do it, for it does not see whether ON CONFLICT follows.
CREATE UNIQUE INDEX _authz_permission_slug_conflict ON authz_permissions (slug || '');

CREATE TABLE authz_roles (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('role_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  slug TEXT NOT NULL,
  -- NULL for an environment role, which serves every organization
  organization ANY,
  resource_type TEXT NOT NULL DEFAULT 'organization',
  name TEXT,
  description TEXT,
  is_default INTEGER NOT NULL DEFAULT 0,
  -- 1 is the top; a role inserted without a priority goes to the bottom
  priority INTEGER,
  declared INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "a slug has 1 to 128 letters, digits and - _ . : * /"
    CHECK (length(slug) BETWEEN 1 AND 128 AND slug NOT GLOB '*[^A-Za-z0-9_.:*/-]*' AND instr(slug, char(0)) = 0),
  CONSTRAINT "the slug of an organization role begins with org-, that of an environment role does not"
    CHECK ((organization IS NOT NULL) = (slug GLOB 'org-*')),
  CONSTRAINT "the id of an organization is not REAL; bind an integer" CHECK (typeof(organization) <> 'real'),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "is_default and declared are 0 or 1" CHECK (is_default IN (0, 1) AND declared IN (0, 1)),
  CONSTRAINT "role_default_kind: the default role must be an environment role on organizations"
    CHECK (is_default = 0 OR organization IS NULL AND resource_type = 'organization')
) STRICT, WITHOUT ROWID;
-- A unique key takes two NULLs for different, so environment roles have one of their own.
CREATE UNIQUE INDEX _authz_roles_key ON authz_roles (slug, organization);
CREATE UNIQUE INDEX _authz_roles_environment_key ON authz_roles (slug) WHERE organization IS NULL;
CREATE INDEX _authz_roles_by_type ON authz_roles (resource_type);
CREATE INDEX _authz_roles_by_priority ON authz_roles (organization, priority);
CREATE UNIQUE INDEX _authz_role_slug_conflict ON authz_roles (slug || '') WHERE organization IS NULL;
CREATE UNIQUE INDEX _authz_organization_role_slug_conflict ON authz_roles (slug || '', organization) WHERE organization IS NOT NULL;

CREATE TABLE authz_role_permissions (
  role TEXT NOT NULL,
  organization ANY,
  permission TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1)),
  CONSTRAINT "the id of an organization is not REAL; bind an integer" CHECK (typeof(organization) <> 'real')
) STRICT;
CREATE UNIQUE INDEX _authz_role_permissions_key ON authz_role_permissions (role, permission, organization);
CREATE UNIQUE INDEX _authz_role_permissions_environment_key ON authz_role_permissions (permission, role) WHERE organization IS NULL;
CREATE INDEX _authz_role_permissions_of_organizations ON authz_role_permissions (permission, role, organization) WHERE organization IS NOT NULL;

---- Relations ------------------------------------------------------------------------------------------------------------------------

-- A relation is a rule in the OpenFGA modelling language, which only the library reads. Which subjects its relationships may name is laid
-- out in plain rows beside it, so that every client is held to the same. Written by authz_apply.
CREATE TABLE authz_relations (
  -- declared, or one of user, group, agent, service
  resource_type TEXT NOT NULL,
  relation TEXT NOT NULL,
  -- such as [user, group#member] or owner or viewer from parent
  definition TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (resource_type, relation),
  CONSTRAINT "a relation has 1 to 128 letters, digits, _ and -"
    CHECK (length(relation) BETWEEN 1 AND 128 AND relation NOT GLOB '*[^A-Za-z0-9_-]*' AND instr(relation, char(0)) = 0),
  CONSTRAINT "and, from, or, self, this and with are words of the language" CHECK (relation NOT IN ('and', 'from', 'or', 'self', 'this', 'with')),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The kinds of subject that the definition of a relation lists between brackets.
CREATE TABLE authz_relation_subjects (
  resource_type TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject_type TEXT NOT NULL,
  -- '' for one subject of the type, '*' for everyone of it, otherwise the relation of a userset such as group#member
  subject_relation TEXT NOT NULL,
  PRIMARY KEY (resource_type, relation, subject_type, subject_relation)
) STRICT, WITHOUT ROWID;

---- Resources ------------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_resources (
  resource_type TEXT NOT NULL,
  -- the application's own id: INTEGER or TEXT; 42 and '42' are one id
  resource_id ANY NOT NULL,
  parent_type TEXT,
  parent_id ANY,
  -- the organization at the top of its ancestors, NULL where the top is of another type; filled in when not given
  organization ANY,
  name TEXT,
  description TEXT,
  -- how the organization knows it, where that is not resource_id: write this, and read external_id
  given_external_id ANY,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- unique in its organization and type: see _authz_external_ids
  external_id TEXT AS (ifnull(given_external_id, CAST(resource_id AS TEXT))),
  PRIMARY KEY (resource_type, resource_id),
  CONSTRAINT "an id is an INTEGER or TEXT; where a driver binds a REAL, bind an integer or CAST(? AS INTEGER)"
    CHECK (typeof(resource_id) = 'integer' OR typeof(resource_id) = 'text'),
  CONSTRAINT "parent_type and parent_id are given together" CHECK ((parent_type IS NULL) = (parent_id IS NULL)),
  CONSTRAINT "the id of a parent or an organization is not REAL; bind an integer or CAST(? AS INTEGER)"
    CHECK (typeof(parent_id) <> 'real' AND typeof(organization) <> 'real'),
  CONSTRAINT "an external id is TEXT of 1 to 128 characters; leave it NULL where it is the id itself"
    CHECK (given_external_id IS NULL OR typeof(given_external_id) = 'text' AND length(given_external_id) BETWEEN 1 AND 128),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_resources_by_parent ON authz_resources (parent_type, parent_id, resource_type, resource_id) WHERE parent_type IS NOT NULL;
CREATE INDEX _authz_resources_by_external_id ON authz_resources (resource_type, given_external_id) WHERE given_external_id IS NOT NULL;

CREATE TABLE authz_groups (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('group_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  organization ANY,
  name TEXT,
  description TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "the id of an organization is not REAL; bind an integer" CHECK (typeof(organization) <> 'real'),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000)
) STRICT, WITHOUT ROWID;

-- The subject of a row is a member; where it is a group, so are the members of that group.
CREATE TABLE authz_group_members (
  group_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (group_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_group_members_by_subject ON authz_group_members (subject, group_id);

CREATE TABLE authz_role_assignments (
  -- who; `group:eng` stands for the members of that group
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  -- that of the role, NULL for an environment role; filled in when not given
  organization ANY,
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  -- UTC with milliseconds, so that the order of texts is the order of times; from that instant on it grants nothing
  expires_at TEXT,
  source TEXT NOT NULL DEFAULT 'direct',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (subject, resource_type, resource_id, role, source),
  CONSTRAINT "an id is not REAL; bind an integer or CAST(? AS INTEGER)" CHECK (typeof(resource_id) <> 'real' AND typeof(organization) <> 'real'),
  CONSTRAINT "expires_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)),
  -- IN would fill a table of its own for every row
  CONSTRAINT "source is direct, directory or sso" CHECK (source = 'direct' OR source = 'directory' OR source = 'sso')
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_role_assignments_by_resource ON authz_role_assignments (resource_type, resource_id, subject, role);
CREATE INDEX _authz_role_assignments_by_role ON authz_role_assignments (role, organization);
CREATE INDEX _authz_role_assignments_by_expiry ON authz_role_assignments (expires_at) WHERE expires_at IS NOT NULL;

-- The resource of a relationship need not be registered.
CREATE TABLE authz_relationships (
  -- user:ana, user:* for everyone, group:eng#member for all who have that relation
  subject TEXT NOT NULL,
  relation TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  -- UTC with milliseconds; from that instant on the row counts for nothing
  expires_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (resource_type, resource_id, relation, subject),
  CONSTRAINT "an id is an INTEGER or TEXT; where a driver binds a REAL, bind an integer or CAST(? AS INTEGER)"
    CHECK (typeof(resource_id) = 'integer' OR typeof(resource_id) = 'text'),
  CONSTRAINT "expires_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_relationships_by_subject ON authz_relationships (subject, relation, resource_type, resource_id, expires_at);
CREATE INDEX _authz_relationships_by_expiry ON authz_relationships (expires_at) WHERE expires_at IS NOT NULL;

---- Standing, history, calls -----------------------------------------------------------------------------------------------------------

-- How a user stands in an organization: a row for each membership, and one that stays where the membership was not active when it was
-- deleted. Written by the identity system. A user that is not active in an organization holds nothing there; with the setting
-- require_membership, neither does one that has no row.
CREATE TABLE _authz_standings (
  user TEXT NOT NULL,
  organization ANY NOT NULL,
  active INTEGER NOT NULL,
  PRIMARY KEY (user, organization)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_standings_shut_out ON _authz_standings (organization) WHERE active IS NOT 1;

CREATE TABLE authz_model_history (
  version INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  summary TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- One row while a function of the library runs. Nobody else sees it, for it goes in the statement that it came in.
CREATE TABLE _authz_call (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- the events that the call writes begin here, and are folded to one for each object at its end; 0 while there is no outbox
  first_seq INTEGER NOT NULL,
  -- set by authz_prune_events: what was written before it may go
  prune_before TEXT,
  -- set by authz_sweep, whose clock may be ahead of that of the file: what was due before it did not end now
  expired_before TEXT
) STRICT;

-- The number of the last row of the outbox; -1 while there is none, until the events system comes.
CREATE VIEW _authz_outbox_end (seq) AS SELECT -1;

-- Resources whose name the index of the search has yet to take in; format: how the index was built, 0 while there is none.
CREATE TABLE _authz_search_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  format INTEGER NOT NULL
) STRICT;
INSERT INTO _authz_search_state VALUES (1, 0);
CREATE TABLE _authz_search_notes (
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  PRIMARY KEY (resource_type, resource_id)
) STRICT, WITHOUT ROWID;

---- Rules: ids and text ------------------------------------------------------------------------------------------------------------------

-- What ids and texts have to pass: insert them here. What is short and printable ASCII, as nearly everything is, passes at once. The pattern
-- is the white space and the control characters of Unicode, in ranges. A client that binds text in another encoding than UTF-8 is refused:
-- a character that is not UTF-8 is written differently when it is encoded again.
CREATE VIEW _authz_text (id, text) AS SELECT NULL, NULL;
CREATE TRIGGER _authz_text_check INSTEAD OF INSERT ON _authz_text
WHEN NEW.text GLOB '*[^ -~]*' OR NEW.id GLOB '*[^!-"$-~]*' OR NEW.id IN ('', '*') OR length(NEW.id) > 200 OR instr(NEW.id, char(0))
BEGIN
  SELECT RAISE(ABORT, 'id_invalid: an id has 1 to 256 bytes without white space, control characters and #, and is not * alone')
  WHERE typeof(NEW.id) = 'text' AND (NEW.id = '*' OR length(CAST(NEW.id AS BLOB)) NOT BETWEEN 1 AND 256 OR instr(NEW.id, char(0)) OR NEW.id GLOB
    '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
    || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*');
  SELECT RAISE(ABORT, 'text_encoding: a text is not valid UTF-8')
  WHERE EXISTS (
    WITH RECURSIVE c (text, place) AS (
      SELECT ifnull(NEW.text, '') || CASE typeof(NEW.id) WHEN 'text' THEN NEW.id ELSE '' END, 1
      UNION ALL
      SELECT text, place + 1 FROM c WHERE place < length(text)
    )
    SELECT 1 FROM c WHERE char(unicode(substr(text, place, 1))) <> substr(text, place, 1)
  );
END;

---- Rules: resource types --------------------------------------------------------------------------------------------------------------

INSERT INTO authz_resource_types (slug, description) VALUES ('organization', 'The customer or team at the top: built in');

CREATE TRIGGER _authz_resource_types_insert BEFORE INSERT ON authz_resource_types
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_resource_types WHERE slug = NEW.slug;
  INSERT INTO _authz_text VALUES (NULL, NEW.description);
  SELECT CASE WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE') END;
END;

CREATE TRIGGER _authz_resource_types_update BEFORE UPDATE ON authz_resource_types
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT INTO _authz_text VALUES (NULL, NEW.description);
  SELECT CASE
    WHEN NEW.slug <> OLD.slug THEN RAISE(ABORT, 'resource_type_immutable: the slug of a resource type cannot change')
  END;
END;

CREATE TRIGGER _authz_resource_types_delete BEFORE DELETE ON authz_resource_types
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT CASE
    WHEN OLD.slug = 'organization' THEN RAISE(ABORT, 'resource_type_built_in: the resource type organization is built in and cannot be deleted')
    WHEN OLD.slug IN (SELECT resource_type FROM authz_resources)
      THEN RAISE(ABORT, 'resource_type_in_use: the resource type has resources; remove them first')
    WHEN OLD.slug IN (SELECT resource_type FROM authz_roles) OR OLD.slug IN (SELECT resource_type FROM authz_permissions)
      THEN RAISE(ABORT, 'resource_type_in_use: the resource type has roles or permissions; delete them first')
    WHEN EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE parent_type = OLD.slug AND resource_type <> OLD.slug)
      THEN RAISE(ABORT, 'resource_type_in_use: the resource type is a parent of another; delete that row of authz_resource_type_parents first')
    WHEN EXISTS (SELECT 1 FROM authz_role_assignments WHERE subject >= OLD.slug || ':' AND subject < OLD.slug || ';')
      OR EXISTS (SELECT 1 FROM authz_group_members WHERE subject >= OLD.slug || ':' AND subject < OLD.slug || ';')
      THEN RAISE(ABORT, 'resource_type_in_use: subjects of this type hold roles or are members of groups; take those back first')
  END;
  DELETE FROM authz_resource_type_parents WHERE resource_type = OLD.slug;
  DELETE FROM authz_relations WHERE resource_type = OLD.slug;
END;

CREATE TRIGGER _authz_resource_type_parents_insert BEFORE INSERT ON authz_resource_type_parents
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT CASE
    WHEN NEW.resource_type = 'organization'
      THEN RAISE(ABORT, 'organization_is_root: the resource type organization is the root and has no parents')
    WHEN NEW.resource_type NOT IN (SELECT slug FROM authz_resource_types) OR NEW.parent_type NOT IN (SELECT slug FROM authz_resource_types)
      THEN RAISE(ABORT, 'resource_type_unknown: both types must be in authz_resource_types')
    WHEN NEW.resource_type <> NEW.parent_type AND NEW.resource_type IN (
      WITH RECURSIVE above (slug) AS (
        SELECT NEW.parent_type
        UNION
        SELECT p.parent_type FROM above JOIN authz_resource_type_parents AS p ON p.resource_type = above.slug
      )
      SELECT slug FROM above
    ) THEN RAISE(ABORT, 'resource_type_cycle: the parent type lies below this type; a type may nest in itself, but types may form no other cycle')
    WHEN EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND parent_type IS NULL)
      THEN RAISE(ABORT, 'resource_type_has_roots: the type was a root type and has resources without a parent; move or remove them first')
  END;
END;

CREATE TRIGGER _authz_resource_type_parents_update BEFORE UPDATE ON authz_resource_type_parents
BEGIN
  SELECT RAISE(ABORT, 'resource_type_parent_immutable: delete the row and insert another')
  WHERE (NEW.resource_type, NEW.parent_type) <> (OLD.resource_type, OLD.parent_type);
  INSERT INTO _authz_changes (subject) VALUES (NULL);
END;

CREATE TRIGGER _authz_resource_type_parents_delete BEFORE DELETE ON authz_resource_type_parents
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = OLD.parent_type AND resource_type = OLD.resource_type)
      THEN RAISE(ABORT, 'resource_type_in_use: resources of this type have a parent of that type; move or remove them first')
    WHEN EXISTS (
      SELECT 1
      FROM authz_role_permissions AS rp
      JOIN authz_roles AS r ON r.slug = rp.role AND r.organization IS rp.organization
      JOIN authz_permissions AS p ON p.slug = rp.permission
      WHERE p.resource_type <> r.resource_type AND r.resource_type NOT IN (
        WITH RECURSIVE above (slug) AS (
          SELECT p.resource_type
          UNION
          SELECT t.parent_type FROM above JOIN authz_resource_type_parents AS t ON t.resource_type = above.slug
          WHERE (t.resource_type, t.parent_type) <> (OLD.resource_type, OLD.parent_type)
        )
        SELECT slug FROM above
      )
    ) THEN RAISE(ABORT, 'role_permission_out_of_reach: a role holds a permission whose type would no longer lie below the type of the role; remove it from the role first')
  END;
END;

---- Rules: permissions and roles ---------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_permissions_insert BEFORE INSERT ON authz_permissions
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_permissions WHERE slug = NEW.slug OR id = NEW.id;
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s', NEW.name, NEW.description));
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NEW.resource_type NOT IN (SELECT slug FROM authz_resource_types)
      THEN RAISE(ABORT, 'resource_type_unknown: the resource type of the permission is not in authz_resource_types')
    WHEN EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.slug)
      THEN RAISE(ABORT, 'permission_slug_conflict: the resource type has a relation of that name; a check could not tell them apart')
    WHEN NEW.relation IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation)
      THEN RAISE(ABORT, 'relation_unknown: the resource type of the permission has no such relation in authz_relations')
  END;
END;

CREATE TRIGGER _authz_permissions_update BEFORE UPDATE ON authz_permissions
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s', NEW.name, NEW.description));
  SELECT CASE
    WHEN (NEW.id, NEW.slug, NEW.resource_type, NEW.created_at) <> (OLD.id, OLD.slug, OLD.resource_type, OLD.created_at)
      THEN RAISE(ABORT, 'permission_immutable: id, slug, resource_type and created_at of a permission cannot change; delete it and create another')
    WHEN NEW.relation IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation)
      THEN RAISE(ABORT, 'relation_unknown: the resource type of the permission has no such relation in authz_relations')
  END;
END;

CREATE TRIGGER _authz_permissions_updated AFTER UPDATE OF name, description, system, relation ON authz_permissions
WHEN (NEW.name, NEW.description, NEW.system, NEW.relation) IS NOT (OLD.name, OLD.description, OLD.system, OLD.relation)
BEGIN
  UPDATE authz_permissions SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE slug = NEW.slug;
END;

-- What depends on a row goes before it, here and below, so that whoever follows the changes meets children first.
CREATE TRIGGER _authz_permissions_delete BEFORE DELETE ON authz_permissions
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT RAISE(ABORT, 'permission_is_system: a system permission cannot be deleted') WHERE OLD.system = 1;
  DELETE FROM authz_role_permissions WHERE permission = OLD.slug;
END;

CREATE TRIGGER _authz_roles_insert BEFORE INSERT ON authz_roles
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_roles WHERE id = NEW.id OR slug = NEW.slug AND organization IS NEW.organization;
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s', NEW.name, NEW.description));
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NEW.resource_type NOT IN (SELECT slug FROM authz_resource_types)
      THEN RAISE(ABORT, 'resource_type_unknown: the resource type of the role is not in authz_resource_types')
    WHEN NEW.organization IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = 'organization' AND resource_id = NEW.organization)
      THEN RAISE(ABORT, 'organization_unknown: the organization of the role is not registered; write its id as it is in authz_resources')
  END;
END;

CREATE TRIGGER _authz_roles_inserted AFTER INSERT ON authz_roles
BEGIN
  UPDATE authz_roles
  SET priority = (SELECT ifnull(max(priority), 0) + 1 FROM authz_roles WHERE organization IS NEW.organization)
  WHERE id = NEW.id AND priority IS NULL;
  UPDATE authz_roles SET is_default = 0 WHERE NEW.is_default = 1 AND is_default = 1 AND id <> NEW.id;
END;

CREATE TRIGGER _authz_roles_update BEFORE UPDATE ON authz_roles
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s', NEW.name, NEW.description));
  SELECT CASE
    WHEN (NEW.id, NEW.slug, NEW.organization, NEW.resource_type, NEW.created_at) IS NOT (OLD.id, OLD.slug, OLD.organization, OLD.resource_type, OLD.created_at)
      THEN RAISE(ABORT, 'role_immutable: id, slug, organization, resource_type and created_at of a role cannot change; delete it and create another')
    WHEN OLD.is_default = 1 AND NEW.is_default = 0 AND NOT EXISTS (SELECT 1 FROM authz_roles WHERE is_default = 1 AND id <> NEW.id)
      THEN RAISE(ABORT, 'role_default_required: one role is the default; make another the default instead')
  END;
END;

CREATE TRIGGER _authz_roles_updated AFTER UPDATE OF name, description, is_default, priority ON authz_roles
WHEN (NEW.name, NEW.description, NEW.is_default) IS NOT (OLD.name, OLD.description, OLD.is_default) OR NEW.priority <> OLD.priority
BEGIN
  UPDATE authz_roles SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- One role is the default: the other ceases to be. Apart from the trigger before, which that fires.
CREATE TRIGGER _authz_roles_updated_default AFTER UPDATE OF is_default ON authz_roles WHEN NEW.is_default > OLD.is_default
BEGIN
  UPDATE authz_roles SET is_default = 0 WHERE is_default = 1 AND id <> NEW.id;
END;

CREATE TRIGGER _authz_roles_delete BEFORE DELETE ON authz_roles
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT CASE
    WHEN OLD.is_default = 1 THEN RAISE(ABORT, 'role_default_required: one role is the default; make another the default first')
    WHEN EXISTS (SELECT 1 FROM authz_role_assignments WHERE role = OLD.slug AND organization IS OLD.organization)
      THEN RAISE(ABORT, 'role_has_assignments: the role is assigned; revoke it everywhere first')
  END;
END;

CREATE TRIGGER _authz_roles_deleted AFTER DELETE ON authz_roles
BEGIN
  DELETE FROM authz_role_permissions WHERE role = OLD.slug AND organization IS OLD.organization;
END;

CREATE TRIGGER _authz_role_permissions_insert BEFORE INSERT ON authz_role_permissions
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_role_permissions
  WHERE role = NEW.role AND permission = NEW.permission AND organization IS NEW.organization OR rowid = NEW.rowid;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN r.slug IS NULL THEN RAISE(ABORT, 'role_unknown: no such role (with that organization) in authz_roles')
    WHEN p.slug IS NULL THEN RAISE(ABORT, 'permission_unknown: no such permission in authz_permissions')
    WHEN p.resource_type <> r.resource_type AND r.resource_type NOT IN (
      WITH RECURSIVE above (slug) AS (
        SELECT p.resource_type
        UNION
        SELECT t.parent_type FROM above JOIN authz_resource_type_parents AS t ON t.resource_type = above.slug
      )
      SELECT slug FROM above
    ) THEN RAISE(ABORT, 'role_permission_out_of_reach: the type of the permission is neither the type of the role nor one below it')
  END
  FROM (SELECT 1) LEFT JOIN authz_roles AS r ON r.slug = NEW.role AND r.organization IS NEW.organization
  LEFT JOIN authz_permissions AS p ON p.slug = NEW.permission;
END;

CREATE TRIGGER _authz_role_permissions_update BEFORE UPDATE ON authz_role_permissions
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT RAISE(ABORT, 'role_permission_immutable: delete the row and insert another')
  WHERE (NEW.role, NEW.organization, NEW.permission, NEW.rowid) IS NOT (OLD.role, OLD.organization, OLD.permission, OLD.rowid);
END;

CREATE TRIGGER _authz_role_permissions_delete BEFORE DELETE ON authz_role_permissions
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
END;

---- Rules: relations ---------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_relations_insert BEFORE INSERT ON authz_relations
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NEW.resource_type NOT IN ('user', 'group', 'agent', 'service') AND NEW.resource_type NOT IN (SELECT slug FROM authz_resource_types)
      THEN RAISE(ABORT, 'resource_type_unknown: the resource type of the relation is neither in authz_resource_types nor user, group, agent or service')
    WHEN EXISTS (SELECT 1 FROM authz_permissions WHERE slug = NEW.relation AND resource_type = NEW.resource_type)
      THEN RAISE(ABORT, 'relation_name_conflict: the resource type has a permission of that name; a check could not tell them apart')
  END;
END;

CREATE TRIGGER _authz_relations_update BEFORE UPDATE ON authz_relations
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT RAISE(ABORT, 'relation_immutable: the type and the name of a relation cannot change; delete it and create another')
  WHERE (NEW.resource_type, NEW.relation) <> (OLD.resource_type, OLD.relation);
END;

-- Its relationships stay, and count for nothing until a relation of this name takes them again: see authz_orphans().
CREATE TRIGGER _authz_relations_delete BEFORE DELETE ON authz_relations
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT RAISE(ABORT, 'relation_in_use: a permission names the relation; change that permission first')
  WHERE EXISTS (SELECT 1 FROM authz_permissions WHERE resource_type = OLD.resource_type AND relation = OLD.relation);
  DELETE FROM authz_relation_subjects WHERE resource_type = OLD.resource_type AND relation = OLD.relation;
END;

CREATE TRIGGER _authz_relation_subjects_insert BEFORE INSERT ON authz_relation_subjects
BEGIN
  INSERT INTO _authz_changes (subject) VALUES (NULL);
  SELECT RAISE(ABORT, 'relation_unknown: the resource type has no such relation in authz_relations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation);
END;
CREATE TRIGGER _authz_relation_subjects_update BEFORE UPDATE ON authz_relation_subjects BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_relation_subjects_delete BEFORE DELETE ON authz_relation_subjects BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

-- A subject is gone: insert it here, and all that it holds goes too.
CREATE VIEW _authz_departures (subject) AS SELECT NULL;
CREATE TRIGGER _authz_departures_insert INSTEAD OF INSERT ON _authz_departures
BEGIN
  DELETE FROM authz_role_assignments WHERE subject = NEW.subject;
  DELETE FROM authz_group_members WHERE subject = NEW.subject;
  DELETE FROM authz_relationships WHERE subject = NEW.subject OR subject >= NEW.subject || '#' AND subject < NEW.subject || '$';
END;

---- Rules: resources ---------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_resources_insert BEFORE INSERT ON authz_resources
BEGIN
  INSERT INTO _authz_changes (resource_type, resource_id) VALUES (NEW.resource_type, NEW.resource_id);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_resources
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id;
  INSERT INTO _authz_text VALUES (NEW.resource_id, printf('%s%s%s', NEW.name, NEW.description, NEW.given_external_id));
  INSERT INTO _authz_search_notes SELECT NEW.resource_type, NEW.resource_id FROM _authz_search_state WHERE format > 0 ON CONFLICT DO NOTHING;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN t.slug IS NULL THEN RAISE(ABORT, 'resource_type_unknown: the resource type is not in authz_resource_types')
    WHEN NEW.parent_type IS NULL AND NEW.resource_type IN (SELECT resource_type FROM authz_resource_type_parents)
      THEN RAISE(ABORT, 'resource_parent_required: a resource of this type needs a parent')
    WHEN NEW.parent_type IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM authz_resource_type_parents WHERE resource_type = NEW.resource_type AND parent_type = NEW.parent_type
    ) THEN RAISE(ABORT, 'resource_parent_type: a parent of that type is not allowed for this resource type')
    WHEN NEW.parent_type IS NOT NULL AND p.resource_id IS NULL AND NEW.parent_type NOT IN (SELECT name FROM _authz_bindings WHERE number = 0)
      AND NOT EXISTS (
      SELECT 1 FROM authz_resources
      WHERE resource_type = NEW.parent_type AND resource_id = CASE typeof(NEW.parent_id) WHEN 'integer' THEN CAST(NEW.parent_id AS TEXT) ELSE CAST(NEW.parent_id AS INTEGER) END
        AND CAST(resource_id AS TEXT) = CAST(NEW.parent_id AS TEXT)
    ) THEN RAISE(ABORT, 'resource_parent_missing: the parent is not registered; insert it first')
    WHEN NEW.organization <> CASE NEW.resource_type WHEN 'organization' THEN NEW.resource_id ELSE ifnull(p.organization, '') END
      THEN RAISE(ABORT, 'resource_organization: the organization is not the one at the top of the parents; leave it out to have it filled in')
  END
  FROM (SELECT 1) LEFT JOIN authz_resource_types AS t ON t.slug = NEW.resource_type
  LEFT JOIN authz_resources AS p ON p.resource_type = NEW.parent_type AND p.resource_id = NEW.parent_id;
END;

-- 42 and '42' are one resource; '042' is another, for its text is not that of any integer. OR IGNORE passes over it: that clause also
-- takes the place of the OR REPLACE below, which then sets nothing.
CREATE TRIGGER _authz_resources_insert_twin BEFORE INSERT ON authz_resources
WHEN EXISTS (
  SELECT 1 FROM authz_resources
  WHERE resource_type = NEW.resource_type AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'resource_exists: 42 and ''42'' are one resource, and it is registered with the other type of id');
END;

-- A resource with its external id: insert it here, and it is refused where another of the type has that in the organization. Two can only
-- clash where one of them was given its external id, so a resource that was given none is looked up among those that were.
CREATE VIEW _authz_external_ids (resource_type, resource_id, given, external_id, organization) AS SELECT NULL, NULL, NULL, NULL, NULL;
CREATE TRIGGER _authz_external_ids_check INSTEAD OF INSERT ON _authz_external_ids
WHEN NEW.given IS NOT NULL OR EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND given_external_id = +NEW.external_id)
BEGIN
  SELECT RAISE(ABORT, 'authorization_resource_external_id_conflict: another resource of the type has that external id in the organization')
  FROM authz_resources
  WHERE resource_type = NEW.resource_type AND resource_id <> NEW.resource_id AND external_id = NEW.external_id AND organization IS NEW.organization
    AND resource_id IN (
      SELECT resource_id FROM authz_resources WHERE resource_type = NEW.resource_type AND given_external_id = +NEW.external_id
      UNION ALL
      VALUES (NEW.given), (CAST(NEW.given AS INTEGER))
    );
END;

-- The organization is that of the parent, whose id is brought to the type it was registered with. Where the organization was given, the
-- parent was found by the id as it was written.
CREATE TRIGGER _authz_resources_inserted AFTER INSERT ON authz_resources
WHEN NEW.organization IS NULL OR NEW.given_external_id IS NOT NULL
  OR EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND given_external_id = +NEW.external_id)
BEGIN
  UPDATE authz_resources SET parent_id = CASE typeof(NEW.parent_id) WHEN 'integer' THEN CAST(NEW.parent_id AS TEXT) ELSE CAST(NEW.parent_id AS INTEGER) END
  WHERE NEW.organization IS NULL AND NEW.parent_type IS NOT NULL AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id
    AND NEW.parent_type NOT IN (SELECT name FROM _authz_bindings WHERE number = 0)
    AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id);
  UPDATE authz_resources SET organization = CASE NEW.resource_type WHEN 'organization' THEN NEW.resource_id ELSE (
      SELECT p.organization FROM authz_resources AS p WHERE p.resource_type = NEW.parent_type AND p.resource_id = authz_resources.parent_id
    ) END
  WHERE NEW.organization IS NULL AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id;
  INSERT INTO _authz_external_ids VALUES (NEW.resource_type, NEW.resource_id, NEW.given_external_id, NEW.external_id,
    (SELECT organization FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id));
END;

-- A resource registered after its relationships were written: they take over the type of its id.
CREATE TRIGGER _authz_resources_inserted_relationships AFTER INSERT ON authz_resources
WHEN EXISTS (
  SELECT 1 FROM authz_relationships
  WHERE resource_type = NEW.resource_type AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  UPDATE authz_relationships SET resource_id = NEW.resource_id
  WHERE resource_type = NEW.resource_type AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT);
END;

-- The organization is filled in, and follows a move: from the parent, or from the top where the parent has yet to follow. Roles of an
-- organization, and those that its directories and sign-ins give, are for what lies in it.
CREATE TRIGGER _authz_resources_update_organization BEFORE UPDATE OF organization ON authz_resources WHEN NEW.organization IS NOT OLD.organization
BEGIN
  SELECT CASE
    WHEN NEW.organization IS NOT (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
      AND NEW.organization IS NOT (
        WITH RECURSIVE above (type, id) AS (
          SELECT NEW.resource_type, NEW.resource_id
          UNION
          SELECT r.parent_type, r.parent_id FROM above JOIN authz_resources AS r ON r.resource_type = above.type AND r.resource_id = above.id
        )
        SELECT id FROM above WHERE type = 'organization'
      ) THEN RAISE(ABORT, 'resource_organization: the organization follows from the parents; change the parent')
    WHEN EXISTS (
      SELECT 1 FROM authz_role_assignments
      WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND (organization IS NOT NULL OR source <> 'direct')
    ) THEN RAISE(ABORT, 'resource_organization: a role of the organization, its directory or its sign-ins is assigned there; revoke it before the move')
  END;
END;

CREATE TRIGGER _authz_resources_update
BEFORE UPDATE OF resource_type, resource_id, parent_type, parent_id, name, description, given_external_id, created_at ON authz_resources
BEGIN
  INSERT INTO _authz_changes (resource_type, resource_id) SELECT NEW.resource_type, NEW.resource_id
  WHERE (NEW.parent_type, NEW.parent_id) IS NOT (OLD.parent_type, OLD.parent_id);
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s%s', NEW.name, NEW.description, NEW.given_external_id));
  INSERT INTO _authz_search_notes SELECT NEW.resource_type, NEW.resource_id FROM _authz_search_state WHERE format > 0 AND NEW.name IS NOT OLD.name ON CONFLICT DO NOTHING;
  SELECT RAISE(ABORT, 'resource_immutable: type, id and created_at of a resource cannot change; insert another and delete this one')
  WHERE (NEW.resource_type, NEW.resource_id, typeof(NEW.resource_id), NEW.created_at) <> (OLD.resource_type, OLD.resource_id, typeof(OLD.resource_id), OLD.created_at);
END;

CREATE TRIGGER _authz_resources_move BEFORE UPDATE OF parent_type, parent_id ON authz_resources
WHEN (NEW.parent_type, NEW.parent_id) IS NOT (OLD.parent_type, OLD.parent_id)
BEGIN
  SELECT CASE
    WHEN NEW.parent_type IS NULL THEN CASE WHEN NEW.resource_type IN (SELECT resource_type FROM authz_resource_type_parents)
      THEN RAISE(ABORT, 'resource_parent_required: a resource of this type needs a parent') END
    WHEN NOT EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE resource_type = NEW.resource_type AND parent_type = NEW.parent_type)
      THEN RAISE(ABORT, 'resource_parent_type: a parent of that type is not allowed for this resource type')
    WHEN p.resource_id IS NULL AND NEW.parent_type NOT IN (SELECT name FROM _authz_bindings WHERE number = 0)
      THEN RAISE(ABORT, 'resource_parent_missing: the parent is not registered; insert it first, and write its id with the type it has there')
    WHEN EXISTS (
      WITH RECURSIVE above (type, id) AS (
        SELECT NEW.parent_type, NEW.parent_id
        UNION
        SELECT r.parent_type, r.parent_id FROM above JOIN authz_resources AS r ON r.resource_type = above.type AND r.resource_id = above.id
      )
      SELECT 1 FROM above WHERE type = NEW.resource_type AND id = NEW.resource_id
    ) THEN RAISE(ABORT, 'resource_cycle: the new parent lies below the resource itself')
  END
  FROM (SELECT 1) LEFT JOIN authz_resources AS p ON p.resource_type = NEW.parent_type AND p.resource_id = NEW.parent_id;
END;

-- All that lies below follows into another organization, or nothing moves.
CREATE TRIGGER _authz_resources_moved AFTER UPDATE OF parent_type, parent_id ON authz_resources
WHEN (NEW.parent_type, NEW.parent_id) IS NOT (OLD.parent_type, OLD.parent_id)
  AND OLD.organization IS NOT (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
BEGIN
  UPDATE authz_resources SET organization = (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id;
  UPDATE authz_resources SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    organization = (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
  WHERE (resource_type, resource_id) IN (
    WITH RECURSIVE below (type, id) AS (
      SELECT resource_type, resource_id FROM authz_resources WHERE parent_type = NEW.resource_type AND parent_id = NEW.resource_id
      UNION
      SELECT r.resource_type, r.resource_id FROM below JOIN authz_resources AS r ON r.parent_type = below.type AND r.parent_id = below.id
    )
    SELECT type, id FROM below
  );
END;

-- A resource that has moved and has yet to follow into the organization of its parent is looked at when it does.
CREATE TRIGGER _authz_resources_updated_external_id AFTER UPDATE OF given_external_id, organization ON authz_resources
WHEN NEW.organization IS NOT OLD.organization OR NEW.given_external_id IS NOT OLD.given_external_id
  AND NEW.organization IS (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
BEGIN
  INSERT INTO _authz_external_ids VALUES (NEW.resource_type, NEW.resource_id, NEW.given_external_id, NEW.external_id, NEW.organization);
END;

CREATE TRIGGER _authz_resources_updated AFTER UPDATE OF name, description, given_external_id, parent_type, parent_id ON authz_resources
WHEN (NEW.name, NEW.description, NEW.given_external_id, NEW.parent_type, NEW.parent_id)
  IS NOT (OLD.name, OLD.description, OLD.given_external_id, OLD.parent_type, OLD.parent_id)
BEGIN
  UPDATE authz_resources SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id;
END;

-- What depends on a resource goes with it, so that a later namesake inherits nothing: roles on it, roles it holds, its places in groups,
-- relationships to it, its own, and those of its usersets: `#` is followed by `$`.
CREATE TRIGGER _authz_resources_delete BEFORE DELETE ON authz_resources
BEGIN
  INSERT INTO _authz_changes (resource_type, resource_id) VALUES (OLD.resource_type, OLD.resource_id);
  INSERT INTO _authz_search_notes SELECT OLD.resource_type, OLD.resource_id FROM _authz_search_state WHERE format > 0 ON CONFLICT DO NOTHING;
  SELECT RAISE(ABORT, 'resource_has_dependents: the resource has children; remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = OLD.resource_type AND parent_id = OLD.resource_id);
  DELETE FROM authz_role_assignments WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  DELETE FROM authz_relationships WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  INSERT INTO _authz_departures VALUES (OLD.resource_type || ':' || OLD.resource_id);
END;

---- Rules: groups ------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_groups_insert BEFORE INSERT ON authz_groups
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_groups WHERE id = NEW.id;
  INSERT INTO _authz_text VALUES (NEW.id, printf('%s%s', NEW.name, NEW.description));
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the group is not registered; write its id as it is in authz_resources')
  WHERE NEW.organization IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = 'organization' AND resource_id = NEW.organization);
  SELECT CASE WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE') END;
END;

CREATE TRIGGER _authz_groups_update BEFORE UPDATE ON authz_groups
BEGIN
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s', NEW.name, NEW.description));
  SELECT RAISE(ABORT, 'group_immutable: id, organization and created_at of a group cannot change; delete it and create another')
  WHERE (NEW.id, NEW.organization, NEW.created_at) IS NOT (OLD.id, OLD.organization, OLD.created_at);
END;

CREATE TRIGGER _authz_groups_updated AFTER UPDATE OF name, description ON authz_groups
WHEN (NEW.name, NEW.description) IS NOT (OLD.name, OLD.description)
BEGIN
  UPDATE authz_groups SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- With a group go its members and all that it holds.
CREATE TRIGGER _authz_groups_delete BEFORE DELETE ON authz_groups
BEGIN
  DELETE FROM authz_group_members WHERE group_id = OLD.id;
  DELETE FROM authz_relationships
  WHERE resource_type = 'group' AND resource_id IN (OLD.id, CAST(OLD.id AS INTEGER)) AND CAST(resource_id AS TEXT) = OLD.id;
  INSERT INTO _authz_departures VALUES ('group:' || OLD.id);
END;

CREATE TRIGGER _authz_group_members_insert BEFORE INSERT ON authz_group_members
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, 'member', 'group', NEW.group_id);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_group_members WHERE group_id = NEW.group_id AND subject = NEW.subject;
  INSERT INTO _authz_text VALUES (substr(NEW.subject, instr(NEW.subject, ':') + 1), NULL);
  SELECT RAISE(ABORT, 'subject_type_unknown: a subject is type:id, such as user:ana; its type is user, group, agent, service or a declared resource type')
  WHERE substr(NEW.subject, 1, instr(NEW.subject, ':') - 1) NOT IN ('user', 'group', 'agent', 'service')
    AND substr(NEW.subject, 1, instr(NEW.subject, ':') - 1) NOT IN (SELECT slug FROM authz_resource_types);
  SELECT CASE WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE') END;
END;

-- A group comes into being when it is first named: insert the subject here.
CREATE VIEW _authz_named_groups (subject) AS SELECT NULL;
CREATE TRIGGER _authz_named_groups_insert INSTEAD OF INSERT ON _authz_named_groups
WHEN NEW.subject GLOB 'group:*' AND substr(NEW.subject, 7) NOT IN (SELECT id FROM authz_groups)
BEGIN
  INSERT INTO authz_groups (id) VALUES (substr(NEW.subject, 7));
END;

CREATE TRIGGER _authz_group_members_inserted AFTER INSERT ON authz_group_members
BEGIN
  INSERT INTO _authz_named_groups VALUES ('group:' || NEW.group_id);
  INSERT INTO _authz_named_groups VALUES (NEW.subject);
END;

CREATE TRIGGER _authz_group_members_update BEFORE UPDATE ON authz_group_members
BEGIN
  SELECT RAISE(ABORT, 'group_member_immutable: delete the row and insert another')
  WHERE (NEW.group_id, NEW.subject) <> (OLD.group_id, OLD.subject);
END;

CREATE TRIGGER _authz_group_members_delete BEFORE DELETE ON authz_group_members
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (OLD.subject, 'member', 'group', OLD.group_id);
END;

---- Rules: role assignments ----------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_role_assignments_insert BEFORE INSERT ON authz_role_assignments
BEGIN
  INSERT INTO _authz_changes (subject, resource_type, resource_id) VALUES (NEW.subject, NEW.resource_type, NEW.resource_id);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_role_assignments
  WHERE subject = NEW.subject AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND role = NEW.role AND source = NEW.source;
  INSERT INTO _authz_text VALUES (substr(NEW.subject, instr(NEW.subject, ':') + 1), NULL);
  -- An organization role is the role of the organization that the resource lies in.
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NEW.subject NOT GLOB 'user:*' AND substr(NEW.subject, 1, instr(NEW.subject, ':') - 1) NOT IN ('group', 'agent', 'service')
      AND substr(NEW.subject, 1, instr(NEW.subject, ':') - 1) NOT IN (SELECT slug FROM authz_resource_types)
      THEN RAISE(ABORT, 'subject_type_unknown: a subject is type:id, such as user:ana; its type is user, group, agent, service or a declared resource type')
    WHEN o.resource_id IS NULL AND twin.resource_id IS NULL AND NEW.resource_type NOT IN (SELECT name FROM _authz_bindings WHERE number = 0)
      THEN RAISE(ABORT, 'resource_missing: the resource is not registered; insert it into authz_resources first')
    WHEN r.slug IS NULL THEN RAISE(ABORT, 'role_unknown: no such role in authz_roles, neither for every organization nor for that of the resource')
    WHEN NEW.organization IS NOT NULL AND NEW.organization IS NOT r.organization
      THEN RAISE(ABORT, 'role_organization: the role does not belong to that organization; an environment role is assigned without one')
    WHEN r.resource_type <> NEW.resource_type THEN RAISE(ABORT, 'role_resource_type: a role is assigned only on resources of its own type')
  END
  FROM (SELECT 1) LEFT JOIN authz_resources AS o ON o.resource_type = NEW.resource_type AND o.resource_id = NEW.resource_id
  LEFT JOIN authz_resources AS twin ON o.resource_id IS NULL AND twin.resource_type = NEW.resource_type
    AND twin.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END AND CAST(twin.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
  LEFT JOIN authz_roles AS r ON r.slug = NEW.role AND r.organization IS CASE WHEN NEW.role GLOB 'org-*' THEN coalesce(o.organization, twin.organization, NEW.organization) END;
END;

-- The same assignment, its resource written with the other type of id than the resource has. OR IGNORE passes over it, as in
-- _authz_resources_insert_twin.
CREATE TRIGGER _authz_role_assignments_insert_twin BEFORE INSERT ON authz_role_assignments
WHEN NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id) AND EXISTS (
  SELECT 1 FROM authz_role_assignments
  WHERE subject = NEW.subject AND resource_type = NEW.resource_type AND role = NEW.role AND source = NEW.source
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'role_assignment_exists: the subject holds that role on that resource, whose id is registered with the other type');
END;

-- An id written with the other type is brought to that of the resource, an organization role gets the organization of the resource, and a
-- group comes into being when it is first used.

CREATE TRIGGER _authz_role_assignments_inserted AFTER INSERT ON authz_role_assignments
WHEN NEW.subject GLOB 'group:*' OR NEW.role GLOB 'org-*'
  OR NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
BEGIN
  UPDATE authz_role_assignments SET (organization, resource_id) = (
    SELECT CASE WHEN NEW.role GLOB 'org-*' THEN organization END, resource_id FROM authz_resources
    WHERE resource_type = NEW.resource_type AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
      AND resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
  )
  WHERE subject = NEW.subject AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND role = NEW.role AND source = NEW.source
    AND NEW.resource_type NOT IN (SELECT name FROM _authz_bindings WHERE number = 0)
    AND (NEW.role GLOB 'org-*' AND NEW.organization IS NULL
      OR NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id));
  INSERT INTO _authz_named_groups VALUES (NEW.subject);
END;

CREATE TRIGGER _authz_role_assignments_update BEFORE UPDATE OF subject, role, organization, resource_type, resource_id, expires_at, source, created_at
ON authz_role_assignments
BEGIN
  INSERT INTO _authz_changes (subject, resource_type, resource_id) VALUES (NEW.subject, NEW.resource_type, NEW.resource_id);
  SELECT RAISE(ABORT, 'role_assignment_immutable: only expires_at of an assignment can change; delete the row and insert another')
  WHERE (NEW.subject, NEW.role, NEW.resource_type, CAST(NEW.resource_id AS TEXT), NEW.source, NEW.created_at)
      <> (OLD.subject, OLD.role, OLD.resource_type, CAST(OLD.resource_id AS TEXT), OLD.source, OLD.created_at)
    OR typeof(NEW.resource_id) <> typeof(OLD.resource_id)
      AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
    OR NEW.organization IS NOT OLD.organization AND (OLD.organization IS NOT NULL OR NEW.role NOT GLOB 'org-*');
END;

CREATE TRIGGER _authz_role_assignments_updated AFTER UPDATE OF expires_at ON authz_role_assignments
WHEN NEW.expires_at IS NOT OLD.expires_at
BEGIN
  UPDATE authz_role_assignments SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE subject = NEW.subject AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND role = NEW.role AND source = NEW.source;
END;

CREATE TRIGGER _authz_role_assignments_delete BEFORE DELETE ON authz_role_assignments
BEGIN
  INSERT INTO _authz_changes (subject, resource_type, resource_id) VALUES (OLD.subject, OLD.resource_type, OLD.resource_id);
END;

---- Rules: relationships ---------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_relationships_insert BEFORE INSERT ON authz_relationships
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id);
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_relationships
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject;
  INSERT INTO _authz_text VALUES (NEW.resource_id, NULL);
  INSERT INTO _authz_text VALUES (CASE WHEN substr(NEW.subject, instr(NEW.subject, ':') + 1) <> '*'
    THEN substr(NEW.subject, instr(NEW.subject, ':') + 1, instr(NEW.subject || '#', '#') - instr(NEW.subject, ':') - 1) END, NULL);
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation)
      THEN RAISE(ABORT, 'relation_unknown: the resource type has no such relation in authz_relations')
    WHEN NOT EXISTS (
      SELECT 1 FROM authz_relation_subjects
      WHERE resource_type = NEW.resource_type AND relation = NEW.relation
        AND subject_type = substr(NEW.subject, 1, instr(NEW.subject, ':') - 1)
        AND subject_relation = CASE WHEN instr(NEW.subject, '#') THEN substr(NEW.subject, instr(NEW.subject, '#') + 1)
          WHEN substr(NEW.subject, instr(NEW.subject, ':') + 1) = '*' THEN '*' ELSE '' END
    ) THEN RAISE(ABORT, 'relationship_subject: the relation takes no such kind of subject; authz_relation_subjects lists those it takes')
  END;
END;

-- The same relationship, its resource written with the other type of id. OR IGNORE passes over it, as in _authz_resources_insert_twin.
CREATE TRIGGER _authz_relationships_insert_twin BEFORE INSERT ON authz_relationships
WHEN EXISTS (
  SELECT 1 FROM authz_relationships
  WHERE resource_type = NEW.resource_type AND relation = NEW.relation AND subject = NEW.subject
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'relationship_exists: the subject has that relation to that resource, whose id is known with the other type');
END;

-- An id written with the other type than the resource is known by is brought to that.
CREATE TRIGGER _authz_relationships_inserted AFTER INSERT ON authz_relationships
WHEN NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
BEGIN
  UPDATE authz_relationships SET resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject
    AND EXISTS (
      SELECT 1 FROM authz_resources AS o
      WHERE o.resource_type = NEW.resource_type AND o.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
      UNION ALL
      SELECT 1 FROM authz_relationships AS o
      WHERE o.resource_type = NEW.resource_type AND o.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    );
END;

CREATE TRIGGER _authz_relationships_update BEFORE UPDATE OF subject, relation, resource_type, resource_id, expires_at, created_at ON authz_relationships
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id);
  SELECT RAISE(ABORT, 'relationship_immutable: only expires_at of a relationship can change; delete the row and insert another')
  WHERE (NEW.subject, NEW.relation, NEW.resource_type, CAST(NEW.resource_id AS TEXT), NEW.created_at)
      <> (OLD.subject, OLD.relation, OLD.resource_type, CAST(OLD.resource_id AS TEXT), OLD.created_at)
    OR typeof(NEW.resource_id) <> typeof(OLD.resource_id)
      AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
      AND NOT EXISTS (SELECT 1 FROM authz_relationships WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id);
END;

CREATE TRIGGER _authz_relationships_updated AFTER UPDATE OF expires_at ON authz_relationships
WHEN NEW.expires_at IS NOT OLD.expires_at
BEGIN
  UPDATE authz_relationships SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject;
END;

CREATE TRIGGER _authz_relationships_delete BEFORE DELETE ON authz_relationships
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (OLD.subject, OLD.relation, OLD.resource_type, OLD.resource_id);
END;

---- Standing -----------------------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_standings_insert BEFORE INSERT ON _authz_standings BEGIN INSERT INTO _authz_changes (subject) VALUES ('user:' || NEW.user); END;
CREATE TRIGGER _authz_standings_update BEFORE UPDATE ON _authz_standings BEGIN INSERT INTO _authz_changes (subject) VALUES ('user:' || NEW.user); END;
CREATE TRIGGER _authz_standings_delete BEFORE DELETE ON _authz_standings BEGIN INSERT INTO _authz_changes (subject) VALUES ('user:' || OLD.user); END;
