-- events: the outbox. Every change of the core tables writes an event in the same transaction; the identity system adds its own.
--
-- What a trigger writes is typed columns, for triggers may use no JSON; the view `authz_events` makes the JSON when it is read.

INSERT INTO _authz_schema VALUES ('events', 1, 'events');
DROP TRIGGER _authz_settings_insert;
INSERT INTO _authz_settings VALUES ('events', 'on'), ('events_keep_days', 90);
CREATE TRIGGER _authz_settings_insert BEFORE INSERT ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_unknown: there is no setting of that name; UPDATE one that is there');
END;

-- Events, in the order in which they were committed, each with its object as it was when the event was written. Where it changed something,
-- the row right after it, which is no event (`event` is NULL), has the object as it was before; where that is not there, nothing but the
-- permissions of a role changed. And where the last event was pruned, a row of the kind 'pruned' keeps its number from being given again;
-- that is what AUTOINCREMENT would be for, but for a page more in each commit. `authz_events` is the public face.
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

DROP VIEW _authz_outbox_end;
CREATE VIEW _authz_outbox_end (seq) AS SELECT ifnull(max(seq), 0) FROM _authz_outbox;

-- The number of the last event, also where that was pruned; 0 where there was none.
CREATE VIEW _authz_last_event (seq) AS SELECT ifnull(max(seq), 0) FROM _authz_outbox WHERE event IS NOT NULL OR kind = 'pruned';

-- What happened to the permissions of a role: `held` says whether the role had the permission before the change at `seq`. Lists of
-- permissions are long and not stored; the list at an event is that of today with every later change undone.
CREATE TABLE _authz_outbox_role_permissions (
  role_id TEXT NOT NULL,
  permission TEXT NOT NULL,
  seq INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (role_id, permission, seq)
) STRICT, WITHOUT ROWID;

-- The roles that the running call has written an event for: a further change of their permissions belongs to that event.
CREATE TABLE _authz_call_roles (
  id TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each consumer has read.
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
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM _authz_consumers WHERE consumer = NEW.consumer;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NEW.position < 0 OR NEW.position > (SELECT seq FROM _authz_last_event)
      THEN RAISE(ABORT, 'consumer_position: a position is that of an event, or 0 before the first')
  END;
END;

CREATE TRIGGER _authz_consumers_update BEFORE UPDATE ON _authz_consumers
BEGIN
  SELECT CASE
    WHEN NEW.consumer <> OLD.consumer
      THEN RAISE(ABORT, 'consumer_immutable: the name of a consumer cannot change; insert another and delete this one')
    WHEN NEW.position < OLD.position THEN RAISE(ABORT, 'consumer_position: a position never goes back')
    WHEN NEW.position > OLD.position AND NEW.position > (SELECT seq FROM _authz_last_event)
      THEN RAISE(ABORT, 'consumer_position: a position never goes past the last event')
  END;
END;

---- Events of the core tables -------------------------------------------------------------------------------------------------------------

-- While events are off the outbox takes none: see _authz_outbox_insert.

CREATE TRIGGER _authz_permissions_event_created AFTER INSERT ON authz_permissions
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES ('permission', 'permission.created', NEW.id, NEW.slug, NEW.resource_type, NEW.name, NEW.description, NEW.system, NEW.relation, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_permissions_event_updated AFTER UPDATE OF name, description, system, relation ON authz_permissions
WHEN (NEW.name, NEW.description, NEW.system, NEW.relation) IS NOT (OLD.name, OLD.description, OLD.system, OLD.relation)
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES ('permission', 'permission.updated', NEW.id, NEW.slug, NEW.resource_type, NEW.name, NEW.description, NEW.system, NEW.relation, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES ('permission', NULL, OLD.id, OLD.slug, OLD.resource_type, OLD.name, OLD.description, OLD.system, OLD.relation, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_permissions_event_deleted AFTER DELETE ON authz_permissions
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES ('permission', 'permission.deleted', OLD.id, OLD.slug, OLD.resource_type, OLD.name, OLD.description, OLD.system, OLD.relation, OLD.created_at, OLD.updated_at);
END;

-- Besides what core does with it, in one trigger, for the event shows the role with its priority.
DROP TRIGGER _authz_roles_inserted;
CREATE TRIGGER _authz_roles_inserted AFTER INSERT ON authz_roles
BEGIN
  UPDATE authz_roles
  SET priority = (SELECT ifnull(max(priority), 0) + 1 FROM authz_roles WHERE organization IS NEW.organization)
  WHERE id = NEW.id AND priority IS NULL;
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  VALUES ('role', CASE WHEN NEW.organization IS NULL THEN 'role.created' ELSE 'organization_role.created' END, NEW.id, NEW.slug, NEW.organization,
    NEW.resource_type, NEW.name, NEW.description, NEW.is_default, (SELECT priority FROM authz_roles WHERE id = NEW.id), NEW.created_at, NEW.updated_at);
  UPDATE authz_roles SET is_default = 0 WHERE NEW.is_default = 1 AND is_default = 1 AND id <> NEW.id;
END;

CREATE TRIGGER _authz_roles_event_updated AFTER UPDATE OF name, description, is_default, priority ON authz_roles
WHEN (NEW.name, NEW.description, NEW.is_default) IS NOT (OLD.name, OLD.description, OLD.is_default) OR NEW.priority <> OLD.priority
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  VALUES ('role', CASE WHEN NEW.organization IS NULL THEN 'role.updated' ELSE 'organization_role.updated' END, NEW.id, NEW.slug, NEW.organization, NEW.resource_type, NEW.name, NEW.description, NEW.is_default, NEW.priority, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  VALUES ('role', NULL, OLD.id, OLD.slug, OLD.organization, OLD.resource_type, OLD.name, OLD.description, OLD.is_default, OLD.priority, OLD.created_at, OLD.updated_at);
END;

-- The event comes first, for its list is made of what is noted here; the permissions that go then find no role and write nothing.
DROP TRIGGER _authz_roles_deleted;
CREATE TRIGGER _authz_roles_deleted AFTER DELETE ON authz_roles
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  VALUES ('role', CASE WHEN OLD.organization IS NULL THEN 'role.deleted' ELSE 'organization_role.deleted' END, OLD.id, OLD.slug, OLD.organization,
    OLD.resource_type, OLD.name, OLD.description, OLD.is_default, OLD.priority, OLD.created_at, OLD.updated_at);
  INSERT INTO _authz_outbox_role_permissions
  SELECT OLD.id, rp.permission, last.seq, 1
  FROM authz_role_permissions AS rp, _authz_last_event AS last
  WHERE rp.role = OLD.slug AND rp.organization IS OLD.organization AND NOT EXISTS (
    SELECT 1 FROM _authz_outbox_role_permissions WHERE role_id = OLD.id AND permission = rp.permission AND seq = last.seq
  );
  DELETE FROM authz_role_permissions WHERE role = OLD.slug AND organization IS OLD.organization;
END;

-- A change of the permissions of a role: an event of the role, unless events are off or the running call has one for it already; and a
-- note of how it was before, at that event, or at the last one, which may be the one that turned events off. Nothing is noted for a role
-- that the running call created. Only where the event may be folded with others does it say how the rest of the role was: as it is.
CREATE VIEW _authz_role_permission_changes (role, organization, permission, held) AS SELECT NULL, NULL, NULL, NULL;
CREATE TRIGGER _authz_role_permission_changed INSTEAD OF INSERT ON _authz_role_permission_changes
BEGIN
  UPDATE authz_roles SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE slug = NEW.role AND organization IS NEW.organization AND id NOT IN (SELECT id FROM _authz_call_roles)
    AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
  INSERT INTO _authz_outbox (kind, event, id, slug, organization, resource_type, name, description, flag, number, created_at, updated_at)
  SELECT 'role', CASE WHEN side THEN NULL WHEN organization IS NULL THEN 'role.updated' ELSE 'organization_role.updated' END, id, slug, organization,
    resource_type, name, description, is_default, priority, created_at, updated_at
  FROM authz_roles, (SELECT 0 AS side UNION ALL SELECT 1 FROM _authz_call)
  WHERE slug = NEW.role AND organization IS NEW.organization AND id NOT IN (SELECT id FROM _authz_call_roles)
  ORDER BY side;
  INSERT INTO _authz_outbox_role_permissions
  SELECT r.id, NEW.permission, ifnull(c.seq, (SELECT seq FROM _authz_last_event)), NEW.held
  FROM authz_roles AS r LEFT JOIN _authz_call_roles AS c ON c.id = r.id
  WHERE r.slug = NEW.role AND r.organization IS NEW.organization AND c.created IS NOT 1 AND NOT EXISTS (
    SELECT 1 FROM _authz_outbox_role_permissions
    WHERE role_id = r.id AND permission = NEW.permission AND seq = ifnull(c.seq, (SELECT seq FROM _authz_last_event))
  );
END;

CREATE TRIGGER _authz_role_permissions_event_created AFTER INSERT ON authz_role_permissions
BEGIN
  INSERT INTO _authz_role_permission_changes VALUES (NEW.role, NEW.organization, NEW.permission, 0);
END;

CREATE TRIGGER _authz_role_permissions_event_deleted AFTER DELETE ON authz_role_permissions
BEGIN
  INSERT INTO _authz_role_permission_changes VALUES (OLD.role, OLD.organization, OLD.permission, 1);
END;

-- Besides what core does with it, in one trigger, for each program that runs for a row costs more than a further statement in one.
DROP TRIGGER _authz_resources_inserted;
CREATE TRIGGER _authz_resources_inserted AFTER INSERT ON authz_resources
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
  INSERT INTO _authz_outbox (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, external_id, created_at, updated_at)
  VALUES ('authorization_resource', 'authorization_resource.created', NEW.resource_type, NEW.resource_id, NEW.parent_type,
    CASE WHEN NEW.organization IS NULL
      THEN (SELECT parent_id FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id) ELSE NEW.parent_id END,
    ifnull(NEW.organization, (SELECT organization FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)),
    NEW.name, NEW.description, NEW.given_external_id, NEW.created_at, NEW.updated_at);
END;

-- A parent written with the other type of id than it is registered with is no move. What lies below a resource that moves into another
-- organization is told of by the time that is set with its organization; what fills in the organization of a new one sets no time.
CREATE TRIGGER _authz_resources_event_updated AFTER UPDATE OF name, description, given_external_id, parent_type, parent_id, updated_at ON authz_resources
WHEN (NEW.name, NEW.description, NEW.given_external_id, NEW.organization, NEW.parent_type, CAST(NEW.parent_id AS TEXT))
  IS NOT (OLD.name, OLD.description, OLD.given_external_id, OLD.organization, OLD.parent_type, CAST(OLD.parent_id AS TEXT))
BEGIN
  INSERT INTO _authz_outbox (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, external_id, created_at, updated_at)
  VALUES ('authorization_resource',
    CASE WHEN (NEW.parent_type, CAST(NEW.parent_id AS TEXT)) IS NOT (OLD.parent_type, CAST(OLD.parent_id AS TEXT)) THEN 'authorization_resource.moved' ELSE 'authorization_resource.updated' END,
    NEW.resource_type, NEW.resource_id, NEW.parent_type, NEW.parent_id,
    CASE WHEN (NEW.parent_type, NEW.parent_id) IS (OLD.parent_type, OLD.parent_id) THEN NEW.organization
      ELSE (SELECT organization FROM authz_resources WHERE resource_type = NEW.parent_type AND resource_id = NEW.parent_id) END,
    NEW.name, NEW.description, NEW.given_external_id, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, resource_type, resource_id, parent_type, parent_id, organization, name, description, external_id, created_at, updated_at)
  VALUES ('authorization_resource', OLD.resource_type, OLD.resource_id, OLD.parent_type, OLD.parent_id, OLD.organization, OLD.name, OLD.description, OLD.given_external_id, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_resources_event_deleted AFTER DELETE ON authz_resources
BEGIN
  INSERT INTO _authz_outbox (kind, event, resource_type, resource_id, parent_type, parent_id, organization, name, description, external_id, created_at, updated_at)
  VALUES ('authorization_resource', 'authorization_resource.deleted', OLD.resource_type, OLD.resource_id, OLD.parent_type, OLD.parent_id, OLD.organization, OLD.name, OLD.description, OLD.given_external_id, OLD.created_at, OLD.updated_at);
END;

-- Besides what core does with it. The event of a group that comes into being is before that of the assignment.
DROP TRIGGER _authz_role_assignments_inserted;
CREATE TRIGGER _authz_role_assignments_inserted AFTER INSERT ON authz_role_assignments
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
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at, updated_at)
  VALUES ('role_assignment', 'role_assignment.created', NEW.subject, NEW.role, CASE WHEN NEW.role GLOB 'org-*' THEN ifnull(NEW.organization, (
      SELECT organization FROM authz_resources
      WHERE resource_type = NEW.resource_type AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
        AND resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
    )) END,
    NEW.resource_type, CASE WHEN EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
      OR NEW.resource_type IN (SELECT name FROM _authz_bindings WHERE number = 0)
      THEN NEW.resource_id ELSE CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END END,
    NEW.source, NEW.expires_at, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_role_assignments_event_updated AFTER UPDATE OF expires_at ON authz_role_assignments
WHEN NEW.expires_at IS NOT OLD.expires_at
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at, updated_at)
  VALUES ('role_assignment', 'role_assignment.updated', NEW.subject, NEW.role, NEW.organization, NEW.resource_type, NEW.resource_id, NEW.source, NEW.expires_at, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, subject, role, organization, resource_type, resource_id, source, expires_at, created_at, updated_at)
  VALUES ('role_assignment', OLD.subject, OLD.role, OLD.organization, OLD.resource_type, OLD.resource_id, OLD.source, OLD.expires_at, OLD.created_at, OLD.updated_at);
END;

-- What was over by itself did not end now.
CREATE TRIGGER _authz_role_assignments_event_deleted AFTER DELETE ON authz_role_assignments
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, role, organization, resource_type, resource_id, source, expires_at, created_at, updated_at)
  VALUES ('role_assignment', CASE WHEN OLD.expires_at <= ifnull((SELECT expired_before FROM _authz_call), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    THEN 'role_assignment.expired' ELSE 'role_assignment.deleted' END, OLD.subject, OLD.role, OLD.organization, OLD.resource_type, OLD.resource_id, OLD.source, OLD.expires_at, OLD.created_at, OLD.updated_at);
END;

DROP TRIGGER _authz_relationships_inserted;
CREATE TRIGGER _authz_relationships_inserted AFTER INSERT ON authz_relationships
BEGIN
  UPDATE authz_relationships SET resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject
    AND NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id) AND EXISTS (
      SELECT 1 FROM authz_resources AS o
      WHERE o.resource_type = NEW.resource_type AND o.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
      UNION ALL
      SELECT 1 FROM authz_relationships AS o
      WHERE o.resource_type = NEW.resource_type AND o.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    );
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at, updated_at)
  VALUES ('relationship', 'relationship.created', NEW.subject, NEW.relation, NEW.resource_type, CASE WHEN EXISTS (
      SELECT 1 FROM authz_relationships
      WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject
    ) THEN NEW.resource_id ELSE CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END END,
    NEW.expires_at, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_relationships_event_updated AFTER UPDATE OF expires_at ON authz_relationships
WHEN NEW.expires_at IS NOT OLD.expires_at
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at, updated_at)
  VALUES ('relationship', 'relationship.updated', NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id, NEW.expires_at, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, subject, relation, resource_type, resource_id, expires_at, created_at, updated_at)
  VALUES ('relationship', OLD.subject, OLD.relation, OLD.resource_type, OLD.resource_id, OLD.expires_at, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_relationships_event_deleted AFTER DELETE ON authz_relationships
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at, updated_at)
  VALUES ('relationship', CASE WHEN OLD.expires_at <= ifnull((SELECT expired_before FROM _authz_call), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    THEN 'relationship.expired' ELSE 'relationship.deleted' END, OLD.subject, OLD.relation, OLD.resource_type, OLD.resource_id, OLD.expires_at, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_groups_event_created AFTER INSERT ON authz_groups
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, description, created_at, updated_at)
  VALUES ('group', CASE WHEN NEW.organization IS NULL THEN 'authz_group.created' ELSE 'group.created' END, NEW.id, NEW.organization, NEW.name, NEW.description, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_groups_event_updated AFTER UPDATE OF name, description ON authz_groups
WHEN (NEW.name, NEW.description) IS NOT (OLD.name, OLD.description)
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, description, created_at, updated_at)
  VALUES ('group', CASE WHEN NEW.organization IS NULL THEN 'authz_group.updated' ELSE 'group.updated' END, NEW.id, NEW.organization, NEW.name, NEW.description, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, id, organization, name, description, created_at, updated_at)
  VALUES ('group', OLD.id, OLD.organization, OLD.name, OLD.description, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_groups_event_deleted AFTER DELETE ON authz_groups
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, description, created_at, updated_at)
  VALUES ('group', CASE WHEN OLD.organization IS NULL THEN 'authz_group.deleted' ELSE 'group.deleted' END, OLD.id, OLD.organization, OLD.name, OLD.description, OLD.created_at, OLD.updated_at);
END;

-- The members of the groups of an organization are told of with their membership: see identity.
DROP TRIGGER _authz_group_members_inserted;
CREATE TRIGGER _authz_group_members_inserted AFTER INSERT ON authz_group_members
BEGIN
  INSERT INTO _authz_named_groups VALUES ('group:' || NEW.group_id);
  INSERT INTO _authz_named_groups VALUES (NEW.subject);
  INSERT INTO _authz_outbox (kind, event, id, subject) VALUES ('group_member', 'group_member.created', NEW.group_id, NEW.subject);
END;

CREATE TRIGGER _authz_group_members_event_deleted AFTER DELETE ON authz_group_members
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject) VALUES ('group_member', 'group_member.deleted', OLD.group_id, OLD.subject);
END;

CREATE TRIGGER _authz_model_history_event_created AFTER INSERT ON authz_model_history
BEGIN
  INSERT INTO _authz_outbox (kind, event, number, metadata, created_at) VALUES ('model', 'model.applied', NEW.version, NEW.summary, NEW.applied_at);
END;

-- Whoever follows must know of the gap: the last event before it and the first after it say so.
CREATE TRIGGER _authz_settings_event_updated AFTER UPDATE OF value ON _authz_settings WHEN NEW.name = 'events' AND NEW.value <> OLD.value
BEGIN
  INSERT INTO _authz_outbox (kind, event, status, created_at)
  VALUES ('events', CASE NEW.value WHEN 'off' THEN 'events.disabled' ELSE 'events.enabled' END, NEW.value, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
END;

---- What was written stays as it is -------------------------------------------------------------------------------------------------------

-- Takes nothing while events are off.
CREATE TRIGGER _authz_outbox_insert BEFORE INSERT ON _authz_outbox
WHEN NEW.seq > 0 OR NEW.kind NOT IN ('events', 'pruned') AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'off')
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: events are numbered by the outbox itself') WHERE NEW.seq > 0;
  SELECT RAISE(IGNORE);
END;

-- A role that the running call has written of for the first time.
CREATE TRIGGER _authz_outbox_inserted AFTER INSERT ON _authz_outbox
WHEN NEW.kind = 'role' AND NEW.event IS NOT NULL AND EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  INSERT INTO _authz_call_roles
  SELECT NEW.id, NEW.seq, NEW.event GLOB '*.created' WHERE NEW.id NOT IN (SELECT id FROM _authz_call_roles);
END;

-- The running call may take back what it has written itself; an actor that is missing is filled in, once.
CREATE TRIGGER _authz_outbox_update BEFORE UPDATE ON _authz_outbox
WHEN NOT EXISTS (SELECT 1 FROM _authz_call WHERE OLD.seq >= first_seq)
  AND (OLD.actor_id IS NOT NULL OR NEW.actor_id IS NULL OR (NEW.seq, NEW.kind, NEW.token, NEW.written_at) <> (OLD.seq, OLD.kind, OLD.token, OLD.written_at)
    OR (NEW.event, NEW.id, NEW.slug, NEW.organization, NEW.resource_type, NEW.resource_id, NEW.parent_type, NEW.parent_id, NEW.subject, NEW.membership, NEW.role, NEW.relation, NEW.source, NEW.name, NEW.description, NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata, NEW.status, NEW.flag, NEW.number, NEW.roles, NEW.connection, NEW.ip_address, NEW.user_agent, NEW.error_code, NEW.error_message, NEW.auth_method, NEW.impersonator, NEW.directory, NEW.idp_id, NEW.username, NEW.raw_attributes, NEW.type, NEW.expires_at, NEW.ended_at, NEW.created_at, NEW.updated_at) IS NOT (OLD.event, OLD.id, OLD.slug, OLD.organization, OLD.resource_type, OLD.resource_id, OLD.parent_type, OLD.parent_id, OLD.subject, OLD.membership, OLD.role, OLD.relation, OLD.source, OLD.name, OLD.description, OLD.email, OLD.first_name, OLD.last_name, OLD.external_id, OLD.metadata, OLD.status, OLD.flag, OLD.number, OLD.roles, OLD.connection, OLD.ip_address, OLD.user_agent, OLD.error_code, OLD.error_message, OLD.auth_method, OLD.impersonator, OLD.directory, OLD.idp_id, OLD.username, OLD.raw_attributes, OLD.type, OLD.expires_at, OLD.ended_at, OLD.created_at, OLD.updated_at))
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: what was written stays as it is; only a missing actor is filled in, once');
END;

-- A running call may prune what is old and acknowledged by every consumer. The rows that belong to an event go after it.
CREATE TRIGGER _authz_outbox_delete BEFORE DELETE ON _authz_outbox
WHEN CASE
  WHEN OLD.event IS NOT NULL THEN NOT EXISTS (
    SELECT 1 FROM _authz_call AS c
    WHERE OLD.seq >= c.first_seq OR OLD.written_at < c.prune_before AND NOT EXISTS (SELECT 1 FROM _authz_consumers WHERE position < OLD.seq))
  WHEN OLD.kind = 'pruned' THEN NOT EXISTS (SELECT 1 FROM _authz_outbox WHERE seq > OLD.seq)
  ELSE EXISTS (SELECT 1 FROM _authz_outbox WHERE seq = OLD.seq - 1) END
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: an event cannot be deleted; SELECT authz_prune_events() drops what is old and acknowledged');
END;

-- Lists of permissions are undone from today backwards, so what is noted of a role before the first event that is left has no reader.
CREATE TRIGGER _authz_outbox_deleted AFTER DELETE ON _authz_outbox WHEN OLD.event IS NOT NULL
BEGIN
  DELETE FROM _authz_outbox_role_permissions
  WHERE OLD.kind = 'role' AND role_id = OLD.id AND seq <= OLD.seq AND NOT EXISTS (SELECT 1 FROM _authz_outbox WHERE seq < OLD.seq);
  DELETE FROM _authz_outbox WHERE seq = OLD.seq + 1 AND event IS NULL AND kind <> 'pruned';
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
  WHERE NEW.first_seq <= (SELECT seq FROM _authz_outbox_end);
END;

CREATE TRIGGER _authz_call_update BEFORE UPDATE OF id, first_seq ON _authz_call
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: a call begins after the last event');
END;

CREATE TRIGGER _authz_call_deleted AFTER DELETE ON _authz_call
BEGIN
  DELETE FROM _authz_call_roles;
END;

---- Events as they are read ---------------------------------------------------------------------------------------------------------------

-- The history of a resource: which events are about it, found without going through all of them. Resources themselves come in the order
-- of their ids more often than not and leave full pages behind; apart from them, for a full page is split by the next row that comes to
-- it, the assignments and relationships on them.
CREATE INDEX _authz_outbox_of_resources ON _authz_outbox (resource_type, resource_id)
WHERE event IS NOT NULL AND resource_id IS NOT NULL AND subject IS NULL;
CREATE INDEX _authz_outbox_on_resources ON _authz_outbox (resource_type, resource_id)
WHERE event IS NOT NULL AND resource_id IS NOT NULL AND subject IS NOT NULL;
-- What an event of a member of a directory group shows of the user and the group.
CREATE INDEX _authz_outbox_of_directories ON _authz_outbox (id, kind) WHERE event IS NOT NULL AND directory IS NOT NULL;
-- Users and groups of directories as they are now: none until the identity system comes.
CREATE VIEW _authz_directory_now (id, directory, organization, idp_id, email, first_name, last_name, username, status, raw_attributes, metadata, name,
  created_at, updated_at) AS
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE 0;
-- An organization is written down under its id and without a type. There are few.
CREATE INDEX _authz_outbox_of_organizations ON _authz_outbox (seq) WHERE kind = 'organization' AND event IS NOT NULL;

-- sql/outbox/page.sql is this query with every table qualified: the library asks it directly where a host allows no JSON in a view.
CREATE VIEW authz_events (seq, id, event, data, context, created_at) AS
WITH
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
        -- the list of today, with every change undone that came after the event (of a deleted role, with the deletion undone too): each
        -- permission is as the first change since says it was, or as it is today; one look-up for each permission, however many changes
        SELECT json_group_array(permission) AS permissions FROM (
          SELECT permission FROM (
            WITH RECURSIVE changed (permission) AS (
              SELECT min(permission) FROM _authz_outbox_role_permissions WHERE role_id = p.id
              UNION ALL
              SELECT (SELECT min(n.permission) FROM _authz_outbox_role_permissions AS n WHERE n.role_id = p.id AND n.permission > changed.permission)
              FROM changed WHERE permission IS NOT NULL
            )
            SELECT permission FROM changed WHERE permission IS NOT NULL
            UNION
            SELECT rp.permission
            FROM authz_roles AS r JOIN authz_role_permissions AS rp ON rp.role = r.slug AND rp.organization IS r.organization
            WHERE r.id = p.id
          ) AS either
          WHERE ifnull(
            (SELECT n.held FROM _authz_outbox_role_permissions AS n
             WHERE n.role_id = p.id AND n.permission = either.permission AND n.seq > o.seq - (side.before = 1 OR o.event GLOB '*.deleted')
             ORDER BY n.seq LIMIT 1),
            EXISTS (
              SELECT 1 FROM authz_roles AS r JOIN authz_role_permissions AS rp ON rp.role = r.slug AND rp.organization IS r.organization
              WHERE r.id = p.id AND rp.permission = either.permission))
          ORDER BY permission
        )
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
      'external_id', ifnull(p.external_id, CAST(p.resource_id AS TEXT)),
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
    -- a member of a directory group: user and group as they were, after the last event of each before this one, or before the first after it
    -- where those are pruned, or as they are now
    ELSE (
      SELECT CASE p.kind
        WHEN 'directory_user' THEN told.user
        WHEN 'directory_group' THEN told.directory_group
        WHEN 'directory_group_user'
        THEN json_object('directory_id', p.directory, 'user', json(told.user), 'group', json(told.directory_group)) END
      FROM (SELECT (
        SELECT json_object(
          'object', 'directory_user',
          'id', x.id,
          'directory_id', x.directory,
          'organization_id', CAST(x.organization AS TEXT),
          'idp_id', x.idp_id,
          'email', x.email,
          'first_name', x.first_name,
          'last_name', x.last_name,
          'username', x.username,
          'state', x.status,
          'raw_attributes', json(CASE WHEN json_valid(x.raw_attributes) THEN x.raw_attributes ELSE '{}' END),
          'custom_attributes', json(CASE WHEN json_valid(x.metadata) THEN x.metadata ELSE '{}' END),
          'created_at', x.created_at,
          'updated_at', x.updated_at)
      FROM (
        SELECT id, directory, organization, idp_id, email, first_name, last_name, username, status, raw_attributes, metadata, name, created_at, updated_at
        FROM _authz_outbox WHERE seq = CASE p.kind WHEN 'directory_user' THEN p.seq ELSE ifnull(
          (SELECT max(q.seq) FROM _authz_outbox AS q
           WHERE q.id = p.subject AND q.kind = 'directory_user' AND q.seq < p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL),
          (SELECT min(q.seq) + (q.event GLOB '*.updated') FROM _authz_outbox AS q
           WHERE q.id = p.subject AND q.kind = 'directory_user' AND q.seq > p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL)) END
        UNION ALL
        SELECT * FROM _authz_directory_now WHERE id = p.subject
        LIMIT 1
      ) AS x
      ) AS user, (
        SELECT json_object(
          'object', 'directory_group',
          'id', x.id,
          'directory_id', x.directory,
          'organization_id', CAST(x.organization AS TEXT),
          'idp_id', x.idp_id,
          'name', x.name,
          'raw_attributes', json(CASE WHEN json_valid(x.raw_attributes) THEN x.raw_attributes ELSE '{}' END),
          'created_at', x.created_at,
          'updated_at', x.updated_at)
      FROM (
        SELECT id, directory, organization, idp_id, email, first_name, last_name, username, status, raw_attributes, metadata, name, created_at, updated_at
        FROM _authz_outbox WHERE seq = CASE p.kind WHEN 'directory_group' THEN p.seq ELSE ifnull(
          (SELECT max(q.seq) FROM _authz_outbox AS q
           WHERE q.id = p.id AND q.kind = 'directory_group' AND q.seq < p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL),
          (SELECT min(q.seq) + (q.event GLOB '*.updated') FROM _authz_outbox AS q
           WHERE q.id = p.id AND q.kind = 'directory_group' AND q.seq > p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL)) END
        UNION ALL
        SELECT * FROM _authz_directory_now WHERE id = p.id
        LIMIT 1
      ) AS x
      ) AS directory_group) AS told
    )
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
  -- of what a directory tells, WorkOS has what was before in the object itself
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
