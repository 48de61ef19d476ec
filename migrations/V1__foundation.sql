-- The foundation: the model (resource types, permissions, roles), the resources, who holds which role on which of them, and groups.
--
-- Everything that can be refused is refused here, by constraints and triggers that any SQLite from 3.38 on runs by itself: a client
-- that has never loaded the library gets the same answers to bad input as one that has. Three rules follow from that:
--   * foreign keys are off unless a connection turns them on, so triggers guard every reference;
--   * with trusted_schema=OFF no JSON function, pragma function or virtual table may be used in here;
--   * RAISE takes a literal on old hosts, so each refusal is a fixed sentence behind a code.
-- Ids keep the type they were written with (ANY in a STRICT table converts nothing); a reference to one is brought to the type of the
-- row it points to, so that 42 and '42' are one resource and an index finds it with one comparison.

-- One row for each migration that ran: it is how a file that was migrated by other means than `authz_migrate` is recognised.
CREATE TABLE _authz_schema (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;
INSERT INTO _authz_schema (version, name) VALUES (1, 'foundation');

-- The last changes, so that whoever keeps answers forgets those that a change touches and no others. A resource stands alone; an
-- assignment has a subject besides, a member and a relationship a relation as well; a suspension has a subject alone. A row of NULLs is a
-- change of the model, or of anything else that makes all answers doubtful.
-- The token tells a change from another that got its number after a ROLLBACK: a number alone would stand where it stood before, and what
-- was kept in between would pass for valid. There is always one row, and never so many that they fill more than a page: after somebody
-- else's commit a page must be read from the file again, and a tree of several is put in balance again and again.
CREATE TABLE _authz_changes (
  number INTEGER PRIMARY KEY,
  token INTEGER NOT NULL DEFAULT (random()),
  subject TEXT,
  relation TEXT,
  resource_type TEXT,
  resource_id ANY
) STRICT;
INSERT INTO _authz_changes (subject) VALUES (NULL);

-- Tells OR REPLACE from every other way to insert. A statement inside a trigger takes over the conflict clause of the statement that
-- fired it; so `INSERT OR IGNORE` of row 1 does nothing, unless the outer statement said OR REPLACE: then it sets `replaced`.
-- Needed because OR REPLACE deletes the old row without firing its delete triggers, and so would skip every rule about deletion.
CREATE TABLE _authz_replace_probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  replaced INTEGER NOT NULL
) STRICT;
INSERT INTO _authz_replace_probe (id, replaced) VALUES (1, 0);

---- Resource types ---------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_resource_types (
  slug TEXT NOT NULL PRIMARY KEY,
  description TEXT,
  -- 1: a model document declared it, and the next one that leaves it out removes it
  declared INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "a slug is 1 to 128 of letters, digits, _ and -"
    CHECK (length(slug) BETWEEN 1 AND 128 AND slug NOT GLOB '*[^A-Za-z0-9_-]*' AND instr(slug, char(0)) = 0),
  CONSTRAINT "user, group, agent and service are subject types, known without being declared"
    CHECK (slug NOT IN ('user', 'group', 'agent', 'service')),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT, WITHOUT ROWID;

-- A type with no row here is a root type; a resource of any other needs a parent of one of these types.
CREATE TABLE authz_resource_type_parents (
  resource_type TEXT NOT NULL,
  parent_type TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (resource_type, parent_type),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_resource_type_parents_by_parent ON authz_resource_type_parents (parent_type, resource_type);

---- Permissions and roles --------------------------------------------------------------------------------------------------------

CREATE TABLE authz_permissions (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('perm_' || lower(hex(randomblob(13)))),
  slug TEXT NOT NULL UNIQUE,
  resource_type TEXT NOT NULL DEFAULT 'organization',
  name TEXT,
  description TEXT,
  system INTEGER NOT NULL DEFAULT 0,
  declared INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "a slug is 1 to 128 of letters, digits and - _ . : * /"
    CHECK (length(slug) BETWEEN 1 AND 128 AND slug NOT GLOB '*[^A-Za-z0-9_.:*/-]*' AND instr(slug, char(0)) = 0),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "system is 0 or 1" CHECK (system IN (0, 1)),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT;
CREATE INDEX _authz_permissions_by_type ON authz_permissions (resource_type);

CREATE TABLE authz_roles (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('role_' || lower(hex(randomblob(13)))),
  slug TEXT NOT NULL,
  -- NULL for an environment role, which serves every organization
  organization ANY,
  resource_type TEXT NOT NULL DEFAULT 'organization',
  name TEXT,
  description TEXT,
  is_default INTEGER NOT NULL DEFAULT 0,
  -- 1 is the top; a role inserted without one goes to the bottom
  priority INTEGER,
  declared INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "a slug is 1 to 128 of letters, digits and - _ . : * /"
    CHECK (length(slug) BETWEEN 1 AND 128 AND slug NOT GLOB '*[^A-Za-z0-9_.:*/-]*' AND instr(slug, char(0)) = 0),
  CONSTRAINT "the slug of an organization role begins with org-, that of an environment role does not"
    CHECK ((organization IS NOT NULL) = (slug GLOB 'org-*')),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "is_default is 0 or 1" CHECK (is_default IN (0, 1)),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT;
-- A unique key takes two NULLs for different, hence the second index.
CREATE UNIQUE INDEX _authz_roles_key ON authz_roles (slug, organization);
CREATE UNIQUE INDEX _authz_roles_environment_key ON authz_roles (slug) WHERE organization IS NULL;
CREATE INDEX _authz_roles_by_type ON authz_roles (resource_type);
CREATE INDEX _authz_roles_by_priority ON authz_roles (organization, priority);

CREATE TABLE authz_role_permissions (
  role TEXT NOT NULL,
  organization ANY,
  permission TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX _authz_role_permissions_key ON authz_role_permissions (role, permission, organization);
CREATE UNIQUE INDEX _authz_role_permissions_environment_key ON authz_role_permissions (permission, role) WHERE organization IS NULL;
CREATE INDEX _authz_role_permissions_of_organizations ON authz_role_permissions (permission, role, organization) WHERE organization IS NOT NULL;

---- Resources --------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_resources (
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  parent_type TEXT,
  parent_id ANY,
  -- the organization at the top of its ancestors, NULL where the top is of another type; filled in when not given
  organization ANY,
  name TEXT,
  description TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (resource_type, resource_id),
  CONSTRAINT "an id is an INTEGER or TEXT of 1 to 256 bytes"
    CHECK (typeof(resource_id) = 'integer' OR (typeof(resource_id) = 'text' AND length(CAST(resource_id AS BLOB)) BETWEEN 1 AND 256)),
  -- Unicode's white space and control characters, in ranges; that pattern is put together only for what is not printable ASCII
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (typeof(resource_id) = 'integer' OR (resource_id <> '*' AND instr(resource_id, char(0)) = 0 AND (resource_id NOT GLOB '*[^!-"$-~]*' OR resource_id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*'))),
  CONSTRAINT "parent_type and parent_id are given together" CHECK ((parent_type IS NULL) = (parent_id IS NULL)),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_resources_by_parent ON authz_resources (parent_type, parent_id, resource_type, resource_id) WHERE parent_type IS NOT NULL;

---- Groups -----------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_groups (
  id TEXT NOT NULL PRIMARY KEY,
  organization ANY,
  name TEXT,
  description TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (id <> '*' AND instr(id, char(0)) = 0 AND (id NOT GLOB '*[^!-"$-~]*' OR id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*')),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000)
) STRICT, WITHOUT ROWID;

-- The subject of a row is a member; where it is a group, so are that group's members.
CREATE TABLE authz_group_members (
  group_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (group_id, subject),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(group_id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (group_id <> '*' AND instr(group_id, char(0)) = 0 AND (group_id NOT GLOB '*[^!-"$-~]*' OR group_id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*')),
  CONSTRAINT "a subject is type:id, such as user:ana"
    CHECK (instr(subject, ':') > 1 AND substr(subject, 1, instr(subject, ':') - 1) NOT GLOB '*[^A-Za-z0-9_-]*'),
  CONSTRAINT "the id of a subject has 1 to 256 bytes"
    CHECK (length(CAST(substr(subject, instr(subject, ':') + 1) AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "the id of a subject has no white space, control character or #, and is not * alone"
    CHECK (substr(subject, instr(subject, ':') + 1) <> '*' AND instr(subject, char(0)) = 0 AND (subject NOT GLOB '*[^!-"$-~]*' OR subject NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*'))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_group_members_by_subject ON authz_group_members (subject, group_id);

---- Role assignments -------------------------------------------------------------------------------------------------------------

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
  PRIMARY KEY (subject, resource_type, resource_id, role, source),
  CONSTRAINT "a subject is type:id, such as user:ana"
    CHECK (instr(subject, ':') > 1 AND substr(subject, 1, instr(subject, ':') - 1) NOT GLOB '*[^A-Za-z0-9_-]*'),
  CONSTRAINT "the id of a subject has 1 to 256 bytes"
    CHECK (length(CAST(substr(subject, instr(subject, ':') + 1) AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "the id of a subject has no white space, control character or #, and is not * alone"
    CHECK (substr(subject, instr(subject, ':') + 1) <> '*' AND instr(subject, char(0)) = 0 AND (subject NOT GLOB '*[^!-"$-~]*' OR subject NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*')),
  CONSTRAINT "expires_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)),
  -- IN would fill a table of its own for every row
  CONSTRAINT "source is direct, directory or sso" CHECK (source = 'direct' OR source = 'directory' OR source = 'sso')
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_role_assignments_by_resource ON authz_role_assignments (resource_type, resource_id, subject, role);
CREATE INDEX _authz_role_assignments_by_role ON authz_role_assignments (role, organization);

---- The history of the model -----------------------------------------------------------------------------------------------------

CREATE TABLE authz_model_history (
  version INTEGER PRIMARY KEY,
  document TEXT NOT NULL,
  summary TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

---- Rules: resource types --------------------------------------------------------------------------------------------------------

INSERT INTO authz_resource_types (slug, description) VALUES ('organization', 'The customer or team at the top: built in');

CREATE TRIGGER _authz_resource_types_insert BEFORE INSERT ON authz_resource_types
WHEN EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.slug)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_resource_types_update BEFORE UPDATE OF slug ON authz_resource_types
WHEN NEW.slug IS NOT OLD.slug
BEGIN
  SELECT RAISE(ABORT, 'resource_type_immutable: the slug of a resource type cannot change');
END;

CREATE TRIGGER _authz_resource_types_delete BEFORE DELETE ON authz_resource_types
BEGIN
  SELECT RAISE(ABORT, 'resource_type_built_in: the resource type organization is built in and cannot be deleted')
  WHERE OLD.slug = 'organization';
  SELECT RAISE(ABORT, 'resource_type_in_use: the resource type has resources; remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = OLD.slug);
  SELECT RAISE(ABORT, 'resource_type_in_use: the resource type has roles or permissions; delete them first')
  WHERE EXISTS (SELECT 1 FROM authz_roles WHERE resource_type = OLD.slug)
     OR EXISTS (SELECT 1 FROM authz_permissions WHERE resource_type = OLD.slug);
  SELECT RAISE(ABORT, 'resource_type_in_use: the resource type is a parent of another; delete that row of authz_resource_type_parents first')
  WHERE EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE parent_type = OLD.slug AND resource_type <> OLD.slug);
  SELECT RAISE(ABORT, 'resource_type_in_use: subjects of this type hold roles or are members of groups; take those back first')
  WHERE EXISTS (SELECT 1 FROM authz_role_assignments WHERE subject >= OLD.slug || ':' AND subject < OLD.slug || ';')
     OR EXISTS (SELECT 1 FROM authz_group_members WHERE subject >= OLD.slug || ':' AND subject < OLD.slug || ';');
END;

CREATE TRIGGER _authz_resource_types_deleted AFTER DELETE ON authz_resource_types
BEGIN
  DELETE FROM authz_resource_type_parents WHERE resource_type = OLD.slug;
END;

CREATE TRIGGER _authz_resource_type_parents_insert BEFORE INSERT ON authz_resource_type_parents
BEGIN
  SELECT RAISE(ABORT, 'organization_is_root: the resource type organization is the root and has no parents')
  WHERE NEW.resource_type = 'organization';
  SELECT RAISE(ABORT, 'resource_type_unknown: both types must be in authz_resource_types')
  WHERE NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.resource_type)
     OR NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.parent_type);
  SELECT RAISE(ABORT, 'resource_type_cycle: the parent type lies below this type; a type may nest in itself, but types may form no other cycle')
  WHERE NEW.resource_type <> NEW.parent_type AND EXISTS (
    WITH RECURSIVE above (slug) AS (
      SELECT NEW.parent_type
      UNION
      SELECT p.parent_type FROM above JOIN authz_resource_type_parents AS p ON p.resource_type = above.slug
    )
    SELECT 1 FROM above WHERE slug = NEW.resource_type
  );
  SELECT RAISE(ABORT, 'resource_type_has_roots: the type was a root type and has resources without a parent; move or remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND parent_type IS NULL);
END;

CREATE TRIGGER _authz_resource_type_parents_update BEFORE UPDATE OF resource_type, parent_type ON authz_resource_type_parents
WHEN NEW.resource_type IS NOT OLD.resource_type OR NEW.parent_type IS NOT OLD.parent_type
BEGIN
  SELECT RAISE(ABORT, 'resource_type_parent_immutable: delete the row and insert another');
END;

CREATE TRIGGER _authz_resource_type_parents_delete BEFORE DELETE ON authz_resource_type_parents
BEGIN
  SELECT RAISE(ABORT, 'resource_type_in_use: resources of this type have a parent of that type; move or remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = OLD.parent_type AND resource_type = OLD.resource_type);
END;

CREATE TRIGGER _authz_resource_type_parents_deleted AFTER DELETE ON authz_resource_type_parents
BEGIN
  SELECT RAISE(ABORT, 'role_permission_out_of_reach: a role holds a permission whose type would no longer lie below the role''s; remove it from the role first')
  WHERE EXISTS (
    SELECT 1
    FROM authz_role_permissions AS rp
    JOIN authz_roles AS r ON r.slug = rp.role AND r.organization IS rp.organization
    JOIN authz_permissions AS p ON p.slug = rp.permission
    WHERE p.resource_type <> r.resource_type AND r.resource_type NOT IN (
      WITH RECURSIVE above (slug) AS (
        SELECT p.resource_type
        UNION
        SELECT t.parent_type FROM above JOIN authz_resource_type_parents AS t ON t.resource_type = above.slug
      )
      SELECT slug FROM above
    )
  );
END;

---- Rules: permissions and roles -------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_permissions_insert BEFORE INSERT ON authz_permissions
BEGIN
  SELECT RAISE(ABORT, 'resource_type_unknown: the resource type of the permission is not in authz_resource_types')
  WHERE NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.resource_type);
END;

CREATE TRIGGER _authz_permissions_replace BEFORE INSERT ON authz_permissions
WHEN EXISTS (SELECT 1 FROM authz_permissions WHERE slug = NEW.slug) OR EXISTS (SELECT 1 FROM authz_permissions WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM authz_permissions WHERE rowid = NEW.rowid)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_permissions_update BEFORE UPDATE OF id, slug, resource_type, created_at ON authz_permissions
WHEN NEW.id IS NOT OLD.id OR NEW.slug IS NOT OLD.slug OR NEW.resource_type IS NOT OLD.resource_type OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'permission_immutable: id, slug, resource_type and created_at of a permission cannot change; delete it and create another');
END;

CREATE TRIGGER _authz_permissions_update_rowid BEFORE UPDATE ON authz_permissions
WHEN NEW.rowid <> OLD.rowid
BEGIN
  SELECT RAISE(ABORT, 'rowid_immutable: a rowid cannot change, for OR REPLACE could take the place of another row with it');
END;

CREATE TRIGGER _authz_permissions_updated AFTER UPDATE OF name, description, system ON authz_permissions
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.system IS NOT OLD.system
BEGIN
  UPDATE authz_permissions SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- What depends on a row goes before it, here and below: so whoever follows the changes meets children first.
CREATE TRIGGER _authz_permissions_delete BEFORE DELETE ON authz_permissions
BEGIN
  SELECT RAISE(ABORT, 'permission_is_system: a system permission cannot be deleted') WHERE OLD.system = 1;
  DELETE FROM authz_role_permissions WHERE permission = OLD.slug;
END;

CREATE TRIGGER _authz_roles_insert BEFORE INSERT ON authz_roles
BEGIN
  SELECT RAISE(ABORT, 'resource_type_unknown: the resource type of the role is not in authz_resource_types')
  WHERE NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.resource_type);
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the role is not registered; write its id as it stands in authz_resources')
  WHERE NEW.organization IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = 'organization' AND resource_id = NEW.organization);
END;

CREATE TRIGGER _authz_roles_replace BEFORE INSERT ON authz_roles
WHEN EXISTS (SELECT 1 FROM authz_roles WHERE slug = NEW.slug AND organization IS NEW.organization)
  OR EXISTS (SELECT 1 FROM authz_roles WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM authz_roles WHERE rowid = NEW.rowid)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_roles_inserted AFTER INSERT ON authz_roles
WHEN NEW.priority IS NULL
BEGIN
  UPDATE authz_roles
  SET priority = (SELECT ifnull(max(priority), 0) + 1 FROM authz_roles WHERE organization IS NEW.organization)
  WHERE id = NEW.id;
END;

CREATE TRIGGER _authz_roles_update BEFORE UPDATE OF id, slug, organization, resource_type, created_at ON authz_roles
WHEN NEW.id IS NOT OLD.id OR NEW.slug IS NOT OLD.slug OR NEW.organization IS NOT OLD.organization
  OR NEW.resource_type IS NOT OLD.resource_type OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'role_immutable: id, slug, organization, resource_type and created_at of a role cannot change; delete it and create another');
END;

CREATE TRIGGER _authz_roles_update_rowid BEFORE UPDATE ON authz_roles
WHEN NEW.rowid <> OLD.rowid
BEGIN
  SELECT RAISE(ABORT, 'rowid_immutable: a rowid cannot change, for OR REPLACE could take the place of another row with it');
END;

CREATE TRIGGER _authz_roles_updated AFTER UPDATE OF name, description, is_default, priority ON authz_roles
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.is_default IS NOT OLD.is_default
  OR (NEW.priority IS NOT OLD.priority AND OLD.priority IS NOT NULL)
BEGIN
  UPDATE authz_roles SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

CREATE TRIGGER _authz_roles_delete BEFORE DELETE ON authz_roles
BEGIN
  SELECT RAISE(ABORT, 'role_has_assignments: the role is assigned; revoke it everywhere first')
  WHERE EXISTS (SELECT 1 FROM authz_role_assignments WHERE role = OLD.slug AND organization IS OLD.organization);
END;

CREATE TRIGGER _authz_roles_deleted AFTER DELETE ON authz_roles
BEGIN
  DELETE FROM authz_role_permissions WHERE role = OLD.slug AND organization IS OLD.organization;
END;

CREATE TRIGGER _authz_role_permissions_insert BEFORE INSERT ON authz_role_permissions
BEGIN
  SELECT RAISE(ABORT, 'role_unknown: no such role (with that organization) in authz_roles')
  WHERE NOT EXISTS (SELECT 1 FROM authz_roles WHERE slug = NEW.role AND organization IS NEW.organization);
  SELECT RAISE(ABORT, 'permission_unknown: no such permission in authz_permissions')
  WHERE NOT EXISTS (SELECT 1 FROM authz_permissions WHERE slug = NEW.permission);
  SELECT RAISE(ABORT, 'role_permission_out_of_reach: the type of the permission is neither the role''s own nor one below it')
  FROM authz_roles AS r JOIN authz_permissions AS p ON p.slug = NEW.permission
  WHERE r.slug = NEW.role AND r.organization IS NEW.organization AND p.resource_type <> r.resource_type AND r.resource_type NOT IN (
    WITH RECURSIVE above (slug) AS (
      SELECT p.resource_type
      UNION
      SELECT t.parent_type FROM above JOIN authz_resource_type_parents AS t ON t.resource_type = above.slug
    )
    SELECT slug FROM above
  );
END;

CREATE TRIGGER _authz_role_permissions_replace BEFORE INSERT ON authz_role_permissions
WHEN EXISTS (SELECT 1 FROM authz_role_permissions WHERE role = NEW.role AND permission = NEW.permission AND organization IS NEW.organization)
  OR EXISTS (SELECT 1 FROM authz_role_permissions WHERE rowid = NEW.rowid)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use OR IGNORE or ON CONFLICT DO NOTHING')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_role_permissions_update BEFORE UPDATE OF role, organization, permission ON authz_role_permissions
WHEN NEW.role IS NOT OLD.role OR NEW.organization IS NOT OLD.organization OR NEW.permission IS NOT OLD.permission
BEGIN
  SELECT RAISE(ABORT, 'role_permission_immutable: delete the row and insert another');
END;

CREATE TRIGGER _authz_role_permissions_update_rowid BEFORE UPDATE ON authz_role_permissions
WHEN NEW.rowid <> OLD.rowid
BEGIN
  SELECT RAISE(ABORT, 'rowid_immutable: a rowid cannot change, for OR REPLACE could take the place of another row with it');
END;

---- Rules: resources -------------------------------------------------------------------------------------------------------------

-- What every row must pass stands in one trigger, for a program started for each row costs more than a further question in it.
CREATE TRIGGER _authz_resources_insert BEFORE INSERT ON authz_resources
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NULL, NULL, NEW.resource_type, NEW.resource_id);
  SELECT RAISE(ABORT, 'resource_type_unknown: the resource type is not in authz_resource_types')
  WHERE NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.resource_type);
  SELECT RAISE(ABORT, 'resource_parent_required: a resource of this type needs a parent')
  WHERE NEW.parent_type IS NULL AND EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE resource_type = NEW.resource_type);
  SELECT RAISE(ABORT, 'resource_parent_type: a parent of that type is not allowed for this resource type')
  WHERE NEW.parent_type IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE resource_type = NEW.resource_type AND parent_type = NEW.parent_type);
  SELECT RAISE(ABORT, 'resource_parent_missing: the parent is not registered; insert it first')
  WHERE NEW.parent_type IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
    AND NOT EXISTS (
      SELECT 1 FROM authz_resources
      WHERE resource_type = NEW.parent_type
        AND resource_id = CASE typeof(NEW.parent_id) WHEN 'integer' THEN CAST(NEW.parent_id AS TEXT) ELSE CAST(NEW.parent_id AS INTEGER) END
        AND CAST(resource_id AS TEXT) = CAST(NEW.parent_id AS TEXT)
    );
  SELECT RAISE(ABORT, 'resource_organization: the organization is not the one at the top of the parents; leave it out to have it filled in')
  WHERE NEW.organization IS NOT NULL AND NEW.organization IS NOT CASE
    WHEN NEW.resource_type = 'organization' THEN NEW.resource_id
    ELSE (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
  END;
END;

-- 42 and '42' are one resource; '042' is another, for its text is not that of any integer. OR IGNORE passes over it: that clause also
-- takes the place of the OR REPLACE below, which then sets nothing.
CREATE TRIGGER _authz_resources_insert_twin BEFORE INSERT ON authz_resources
WHEN EXISTS (
  SELECT 1 FROM authz_resources
  WHERE resource_type = NEW.resource_type
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'resource_exists: 42 and ''42'' are one resource, and it is registered with the other type of id');
END;

CREATE TRIGGER _authz_resources_replace BEFORE INSERT ON authz_resources
WHEN EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

-- The organization is that of the parent, whose id is brought to the type it was registered with. Where the organization was given,
-- the parent was found by the id as it was written, and there is nothing to complete.
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
END;

CREATE TRIGGER _authz_resources_update BEFORE UPDATE OF resource_type, resource_id, created_at ON authz_resources
WHEN NEW.resource_type IS NOT OLD.resource_type OR NEW.resource_id IS NOT OLD.resource_id OR typeof(NEW.resource_id) <> typeof(OLD.resource_id)
  OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'resource_immutable: type, id and created_at of a resource cannot change; insert another and delete this one');
END;

CREATE TRIGGER _authz_resources_update_organization BEFORE UPDATE OF organization ON authz_resources
WHEN NEW.organization IS NOT OLD.organization
BEGIN
  SELECT RAISE(ABORT, 'resource_organization: the organization follows from the parents and cannot change')
  WHERE NEW.organization IS NOT CASE
    WHEN NEW.resource_type = 'organization' THEN NEW.resource_id
    ELSE (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id)
  END;
END;

CREATE TRIGGER _authz_resources_move BEFORE UPDATE OF parent_type, parent_id ON authz_resources
WHEN NEW.parent_type IS NOT OLD.parent_type OR NEW.parent_id IS NOT OLD.parent_id
BEGIN
  SELECT RAISE(ABORT, 'resource_parent_required: a resource of this type needs a parent')
  WHERE NEW.parent_type IS NULL AND EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE resource_type = NEW.resource_type);
  SELECT RAISE(ABORT, 'resource_parent_type: a parent of that type is not allowed for this resource type')
  WHERE NEW.parent_type IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_resource_type_parents WHERE resource_type = NEW.resource_type AND parent_type = NEW.parent_type);
  SELECT RAISE(ABORT, 'resource_parent_missing: the parent is not registered; insert it first, and write its id with the type it has there')
  WHERE NEW.parent_type IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id);
  SELECT RAISE(ABORT, 'resource_cycle: the new parent lies below the resource itself')
  WHERE EXISTS (
    WITH RECURSIVE above (type, id) AS (
      SELECT NEW.parent_type, NEW.parent_id
      UNION
      SELECT r.parent_type, r.parent_id
      FROM above JOIN authz_resources AS r ON r.resource_type = above.type AND r.resource_id = above.id
      WHERE r.parent_type IS NOT NULL
    )
    SELECT 1 FROM above WHERE type = NEW.resource_type AND id = NEW.resource_id
  );
  SELECT RAISE(ABORT, 'resource_organization: a resource cannot move into another organization')
  WHERE NEW.organization IS NOT (
    SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id
  );
END;

CREATE TRIGGER _authz_resources_updated AFTER UPDATE OF name, description, parent_type, parent_id ON authz_resources
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description
  OR NEW.parent_type IS NOT OLD.parent_type OR NEW.parent_id IS NOT OLD.parent_id
BEGIN
  UPDATE authz_resources SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id;
END;

-- What depends on it goes along, so that a later namesake inherits nothing: roles on it, roles it holds, its places in groups.
CREATE TRIGGER _authz_resources_delete BEFORE DELETE ON authz_resources
BEGIN
  SELECT RAISE(ABORT, 'resource_has_dependents: the resource has children; remove them first')
  WHERE EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = OLD.resource_type AND parent_id = OLD.resource_id);
  DELETE FROM authz_role_assignments WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  DELETE FROM authz_role_assignments WHERE subject = OLD.resource_type || ':' || OLD.resource_id;
  DELETE FROM authz_group_members WHERE subject = OLD.resource_type || ':' || OLD.resource_id;
END;

---- Rules: groups ----------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_groups_replace BEFORE INSERT ON authz_groups
WHEN EXISTS (SELECT 1 FROM authz_groups WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_groups_insert BEFORE INSERT ON authz_groups
WHEN NEW.organization IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the group is not registered; write its id as it stands in authz_resources')
  WHERE NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = 'organization' AND resource_id = NEW.organization);
END;

CREATE TRIGGER _authz_groups_update BEFORE UPDATE OF id, organization, created_at ON authz_groups
WHEN NEW.id IS NOT OLD.id OR NEW.organization IS NOT OLD.organization OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'group_immutable: id, organization and created_at of a group cannot change; delete it and create another');
END;

CREATE TRIGGER _authz_groups_updated AFTER UPDATE OF name, description ON authz_groups
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description
BEGIN
  UPDATE authz_groups SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- With a group go its members, its own places in groups and the roles it held.
CREATE TRIGGER _authz_groups_delete BEFORE DELETE ON authz_groups
BEGIN
  DELETE FROM authz_group_members WHERE group_id = OLD.id;
  DELETE FROM authz_group_members WHERE subject = 'group:' || OLD.id;
  DELETE FROM authz_role_assignments WHERE subject = 'group:' || OLD.id;
END;

CREATE TRIGGER _authz_group_members_insert BEFORE INSERT ON authz_group_members
BEGIN
  SELECT RAISE(ABORT, 'subject_type_unknown: a subject is of type user, group, agent, service or a declared resource type')
  WHERE substr(NEW.subject, 1, instr(NEW.subject, ':') - 1) NOT IN ('user', 'group', 'agent', 'service')
    AND NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = substr(NEW.subject, 1, instr(NEW.subject, ':') - 1));
END;

CREATE TRIGGER _authz_group_members_replace BEFORE INSERT ON authz_group_members
WHEN EXISTS (SELECT 1 FROM authz_group_members WHERE group_id = NEW.group_id AND subject = NEW.subject)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use OR IGNORE or ON CONFLICT DO NOTHING')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_group_members_inserted AFTER INSERT ON authz_group_members
BEGIN
  INSERT INTO authz_groups (id) SELECT NEW.group_id WHERE NOT EXISTS (SELECT 1 FROM authz_groups WHERE id = NEW.group_id);
  INSERT INTO authz_groups (id) SELECT substr(NEW.subject, 7)
  WHERE NEW.subject GLOB 'group:*' AND NOT EXISTS (SELECT 1 FROM authz_groups WHERE id = substr(NEW.subject, 7));
END;

CREATE TRIGGER _authz_group_members_update BEFORE UPDATE ON authz_group_members
WHEN NEW.group_id IS NOT OLD.group_id OR NEW.subject IS NOT OLD.subject
BEGIN
  SELECT RAISE(ABORT, 'group_member_immutable: delete the row and insert another');
END;

---- Rules: role assignments ------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_role_assignments_insert BEFORE INSERT ON authz_role_assignments
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, NULL, NEW.resource_type, NEW.resource_id);
  SELECT RAISE(ABORT, 'subject_type_unknown: a subject is of type user, group, agent, service or a declared resource type')
  WHERE NEW.subject NOT GLOB 'user:*' AND NEW.subject NOT GLOB 'group:*' AND NEW.subject NOT GLOB 'agent:*' AND NEW.subject NOT GLOB 'service:*'
    AND NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = substr(NEW.subject, 1, instr(NEW.subject, ':') - 1));
  SELECT RAISE(ABORT, 'resource_missing: the resource is not registered; insert it into authz_resources first')
  WHERE NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
    AND NOT EXISTS (
      SELECT 1 FROM authz_resources
      WHERE resource_type = NEW.resource_type
        AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    );
  SELECT CASE
    WHEN own_type IS NULL THEN RAISE(ABORT, 'role_unknown: no such role in authz_roles')
    WHEN NEW.organization IS NOT NULL THEN RAISE(ABORT, 'role_organization: an environment role is assigned without an organization')
    WHEN own_type <> NEW.resource_type THEN RAISE(ABORT, 'role_resource_type: a role is assigned only on resources of its own type')
  END
  FROM (SELECT (SELECT resource_type FROM authz_roles WHERE slug = NEW.role AND organization IS NULL) AS own_type)
  WHERE NEW.role NOT GLOB 'org-*';
END;

-- An organization role belongs to the organization that the resource lies in: that much decides which role a slug means.
CREATE TRIGGER _authz_role_assignments_insert_organization_role BEFORE INSERT ON authz_role_assignments
WHEN NEW.role GLOB 'org-*'
BEGIN
  SELECT RAISE(ABORT, 'role_unknown: the organization of the resource has no such role in authz_roles')
  WHERE NOT EXISTS (
    SELECT 1 FROM authz_resources AS o JOIN authz_roles AS r ON r.slug = NEW.role AND r.organization = o.organization
    WHERE o.resource_type = NEW.resource_type AND o.resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
      AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
  );
  SELECT RAISE(ABORT, 'role_organization: the role belongs to another organization than the resource')
  FROM authz_resources AS o
  WHERE o.resource_type = NEW.resource_type AND o.resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
      AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    AND NEW.organization IS NOT NULL AND NEW.organization IS NOT o.organization;
  SELECT RAISE(ABORT, 'role_resource_type: a role is assigned only on resources of its own type')
  FROM authz_resources AS o JOIN authz_roles AS r ON r.slug = NEW.role AND r.organization = o.organization
  WHERE o.resource_type = NEW.resource_type AND o.resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
      AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT) AND r.resource_type <> NEW.resource_type;
END;

CREATE TRIGGER _authz_role_assignments_replace BEFORE INSERT ON authz_role_assignments
WHEN EXISTS (
  SELECT 1 FROM authz_role_assignments
  WHERE subject = NEW.subject AND resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND role = NEW.role AND source = NEW.source
)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

-- The same assignment, its resource written with the other type of id than the resource has. OR IGNORE passes over it, as in
-- _authz_resources_insert_twin.
CREATE TRIGGER _authz_role_assignments_insert_twin BEFORE INSERT ON authz_role_assignments
WHEN NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id) AND EXISTS (
  SELECT 1 FROM authz_role_assignments
  WHERE subject = NEW.subject AND resource_type = NEW.resource_type AND role = NEW.role AND source = NEW.source
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'role_assignment_exists: the subject holds that role on that resource, whose id is registered with the other type');
END;

-- An id written with the other type is brought to that of the resource, and an organization role gets the organization of the resource.
CREATE TRIGGER _authz_role_assignments_complete AFTER INSERT ON authz_role_assignments
WHEN (NEW.role GLOB 'org-*' AND NEW.organization IS NULL)
  OR NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
BEGIN
  UPDATE authz_role_assignments
  SET resource_id = o.resource_id, organization = CASE WHEN NEW.role GLOB 'org-*' THEN o.organization END
  FROM authz_resources AS o
  WHERE o.resource_type = NEW.resource_type
    AND o.resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
    AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    AND authz_role_assignments.subject = NEW.subject AND authz_role_assignments.resource_type = NEW.resource_type
    AND authz_role_assignments.resource_id = NEW.resource_id AND authz_role_assignments.role = NEW.role
    AND authz_role_assignments.source = NEW.source;
END;

-- A group comes into being when it is first used.
CREATE TRIGGER _authz_role_assignments_inserted AFTER INSERT ON authz_role_assignments
WHEN NEW.subject GLOB 'group:*'
BEGIN
  INSERT INTO authz_groups (id) SELECT substr(NEW.subject, 7) WHERE NOT EXISTS (SELECT 1 FROM authz_groups WHERE id = substr(NEW.subject, 7));
END;

CREATE TRIGGER _authz_role_assignments_update BEFORE UPDATE ON authz_role_assignments
WHEN NEW.subject IS NOT OLD.subject OR NEW.role IS NOT OLD.role OR NEW.resource_type IS NOT OLD.resource_type
  OR NEW.source IS NOT OLD.source OR NEW.created_at IS NOT OLD.created_at
  OR (NEW.resource_id IS NOT OLD.resource_id AND (
    CAST(NEW.resource_id AS TEXT) <> CAST(OLD.resource_id AS TEXT)
    OR NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)))
  OR (OLD.organization IS NOT NULL AND NEW.organization IS NOT OLD.organization)
  OR (OLD.organization IS NULL AND NEW.organization IS NOT NULL AND NEW.role NOT GLOB 'org-*')
BEGIN
  SELECT RAISE(ABORT, 'role_assignment_immutable: only expires_at of an assignment can change; delete the row and insert another');
END;

---- What has changed: triggers for each way an answer may change -----------------------------------------------------------------

-- All of them are BEFORE triggers, so that a check in somebody's AFTER trigger finds what has changed noted already. New resources and
-- assignments are noted by the triggers that let them in.

CREATE TRIGGER _authz_resource_types_changes_insert BEFORE INSERT ON authz_resource_types BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_resource_types_changes_update BEFORE UPDATE ON authz_resource_types BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_resource_types_changes_delete BEFORE DELETE ON authz_resource_types BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_resource_type_parents_changes_insert BEFORE INSERT ON authz_resource_type_parents BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_resource_type_parents_changes_update BEFORE UPDATE ON authz_resource_type_parents BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_resource_type_parents_changes_delete BEFORE DELETE ON authz_resource_type_parents BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_permissions_changes_insert BEFORE INSERT ON authz_permissions BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_permissions_changes_update BEFORE UPDATE ON authz_permissions BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_permissions_changes_delete BEFORE DELETE ON authz_permissions BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_roles_changes_insert BEFORE INSERT ON authz_roles BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_roles_changes_update BEFORE UPDATE ON authz_roles BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_roles_changes_delete BEFORE DELETE ON authz_roles BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_role_permissions_changes_insert BEFORE INSERT ON authz_role_permissions BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_role_permissions_changes_update BEFORE UPDATE ON authz_role_permissions BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_role_permissions_changes_delete BEFORE DELETE ON authz_role_permissions BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_resources_changes_update BEFORE UPDATE OF parent_type, parent_id ON authz_resources
WHEN NEW.parent_type IS NOT OLD.parent_type OR NEW.parent_id IS NOT OLD.parent_id
BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NULL, NULL, NEW.resource_type, NEW.resource_id);
END;
CREATE TRIGGER _authz_resources_changes_delete BEFORE DELETE ON authz_resources BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NULL, NULL, OLD.resource_type, OLD.resource_id);
END;

CREATE TRIGGER _authz_group_members_changes_insert BEFORE INSERT ON authz_group_members BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, 'member', 'group', NEW.group_id);
END;
CREATE TRIGGER _authz_group_members_changes_update BEFORE UPDATE ON authz_group_members BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, 'member', 'group', NEW.group_id);
END;
CREATE TRIGGER _authz_group_members_changes_delete BEFORE DELETE ON authz_group_members BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (OLD.subject, 'member', 'group', OLD.group_id);
END;

CREATE TRIGGER _authz_role_assignments_changes_update BEFORE UPDATE ON authz_role_assignments BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, NULL, NEW.resource_type, NEW.resource_id);
END;
CREATE TRIGGER _authz_role_assignments_changes_delete BEFORE DELETE ON authz_role_assignments BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (OLD.subject, NULL, OLD.resource_type, OLD.resource_id);
END;

-- Whoever is further behind than this forgets all that it kept.
CREATE TRIGGER _authz_changes_prune AFTER INSERT ON _authz_changes
WHEN NEW.number % 8 = 0
BEGIN
  DELETE FROM _authz_changes WHERE number <= NEW.number - 24;
END;
