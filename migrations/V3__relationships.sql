-- Relationships: who stands in which relation to what, and the relations that say what that means.
--
-- A relation is a rule in the OpenFGA modelling language; only the library reads it. Which subjects a row of a relation may name is laid
-- out in plain rows beside it, so that a client that has never loaded the library is held to the same.
--
-- A relationship needs no registered resource. Where the resource is registered its id has the type it has there, else the type it was
-- first written with: 42 and '42' are one resource here too.

INSERT INTO _authz_schema (version, name) VALUES (3, 'relationships');

---- Relations --------------------------------------------------------------------------------------------------------------------

-- Written by authz_apply.
CREATE TABLE authz_relations (
  -- declared, or one of user, group, agent, service
  resource_type TEXT NOT NULL,
  relation TEXT NOT NULL,
  -- such as [user, group#member] or owner or viewer from parent
  definition TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (resource_type, relation),
  CONSTRAINT "a relation is 1 to 128 of letters, digits, _ and -"
    CHECK (length(relation) BETWEEN 1 AND 128 AND relation NOT GLOB '*[^A-Za-z0-9_-]*' AND instr(relation, char(0)) = 0),
  CONSTRAINT "and, from, or, self, this and with are words of the language" CHECK (relation NOT IN ('and', 'from', 'or', 'self', 'this', 'with')),
  CONSTRAINT "declared is 0 or 1" CHECK (declared IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The kinds of subject that the definition of a relation lists between brackets.
CREATE TABLE authz_relation_subjects (
  resource_type TEXT NOT NULL,
  relation TEXT NOT NULL,
  subject_type TEXT NOT NULL,
  -- '' for one subject of the type, '*' for everyone of it, else the relation of a userset such as group#member
  subject_relation TEXT NOT NULL,
  PRIMARY KEY (resource_type, relation, subject_type, subject_relation)
) STRICT, WITHOUT ROWID;

-- Who has the relation has the permission, on top of what roles give.
ALTER TABLE authz_permissions ADD COLUMN relation TEXT;

---- Relationships ----------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_relationships (
  -- user:ana, user:* for everyone, group:eng#member for all who have that relation
  subject TEXT NOT NULL,
  relation TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id ANY NOT NULL,
  -- UTC with milliseconds; from that instant on the row counts for nothing
  expires_at TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (resource_type, resource_id, relation, subject),
  CONSTRAINT "a subject is type:id, type:* or type:id#relation"
    CHECK (instr(subject, ':') > 1 AND substr(subject, 1, instr(subject, ':') - 1) NOT GLOB '*[^A-Za-z0-9_-]*'
      AND (instr(subject, '#') = 0 OR (
        substr(subject, instr(subject, '#') + 1) NOT GLOB '*[^A-Za-z0-9_-]*'
        AND length(substr(subject, instr(subject, '#') + 1)) BETWEEN 1 AND 128
        AND substr(subject, instr(subject, ':') + 1, 2) <> '*#'))),
  CONSTRAINT "the id of a subject has 1 to 256 bytes"
    CHECK (length(CAST(substr(subject, instr(subject, ':') + 1,
      CASE instr(subject, '#') WHEN 0 THEN length(subject) ELSE instr(subject, '#') - instr(subject, ':') - 1 END) AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "a subject has no white space or control character"
    CHECK (instr(subject, char(0)) = 0 AND (subject NOT GLOB '*[^!-~]*' OR subject NOT GLOB
      '*[' || char(1) || '-' || char(32) || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*')),
  CONSTRAINT "an id is an INTEGER or TEXT of 1 to 256 bytes"
    CHECK (typeof(resource_id) = 'integer' OR (typeof(resource_id) = 'text' AND length(CAST(resource_id AS BLOB)) BETWEEN 1 AND 256)),
  CONSTRAINT "an id has no white space, control character or #, and is not * alone"
    CHECK (typeof(resource_id) = 'integer' OR (resource_id <> '*' AND instr(resource_id, char(0)) = 0 AND (resource_id NOT GLOB '*[^!-"$-~]*' OR resource_id NOT GLOB
      '*[' || char(1) || '-' || char(32) || '#' || char(127) || '-' || char(160) || char(5760) || char(8192) || '-' || char(8202)
      || char(8232) || char(8233) || char(8239) || char(8287) || char(12288) || ']*'))),
  CONSTRAINT "expires_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_relationships_by_subject ON authz_relationships (subject, relation, resource_type, resource_id, expires_at);
CREATE INDEX _authz_relationships_by_expiry ON authz_relationships (expires_at) WHERE expires_at IS NOT NULL;

---- Rules: relations -------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_relations_insert BEFORE INSERT ON authz_relations
BEGIN
  SELECT RAISE(ABORT, 'resource_type_unknown: the resource type of the relation is neither in authz_resource_types nor user, group, agent or service')
  WHERE NEW.resource_type NOT IN ('user', 'group', 'agent', 'service')
    AND NOT EXISTS (SELECT 1 FROM authz_resource_types WHERE slug = NEW.resource_type);
  SELECT RAISE(ABORT, 'relation_name_conflict: the resource type has a permission of that name; a check could not tell them apart')
  WHERE EXISTS (SELECT 1 FROM authz_permissions WHERE slug = NEW.relation AND resource_type = NEW.resource_type);
END;

CREATE TRIGGER _authz_relations_replace BEFORE INSERT ON authz_relations
WHEN EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_relations_update BEFORE UPDATE OF resource_type, relation ON authz_relations
WHEN NEW.resource_type IS NOT OLD.resource_type OR NEW.relation IS NOT OLD.relation
BEGIN
  SELECT RAISE(ABORT, 'relation_immutable: the type and the name of a relation cannot change; delete it and create another');
END;

CREATE TRIGGER _authz_relations_delete BEFORE DELETE ON authz_relations
BEGIN
  SELECT RAISE(ABORT, 'relation_in_use: a permission names the relation; change that permission first')
  WHERE EXISTS (SELECT 1 FROM authz_permissions WHERE resource_type = OLD.resource_type AND relation = OLD.relation);
END;

-- Its relationships stay, and count for nothing until a relation of this name takes them again: see authz_orphans().
CREATE TRIGGER _authz_relations_deleted AFTER DELETE ON authz_relations
BEGIN
  DELETE FROM authz_relation_subjects WHERE resource_type = OLD.resource_type AND relation = OLD.relation;
END;

CREATE TRIGGER _authz_relation_subjects_insert BEFORE INSERT ON authz_relation_subjects
BEGIN
  SELECT RAISE(ABORT, 'relation_unknown: the resource type has no such relation in authz_relations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation);
END;

CREATE TRIGGER _authz_resource_types_deleted_relations AFTER DELETE ON authz_resource_types
BEGIN
  DELETE FROM authz_relations WHERE resource_type = OLD.slug;
END;

CREATE TRIGGER _authz_permissions_insert_relation BEFORE INSERT ON authz_permissions
BEGIN
  SELECT RAISE(ABORT, 'permission_slug_conflict: the resource type has a relation of that name; a check could not tell them apart')
  WHERE EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.slug);
  SELECT RAISE(ABORT, 'relation_unknown: the resource type of the permission has no such relation in authz_relations')
  WHERE NEW.relation IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation);
END;

CREATE TRIGGER _authz_permissions_update_relation BEFORE UPDATE OF relation ON authz_permissions
WHEN NEW.relation IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'relation_unknown: the resource type of the permission has no such relation in authz_relations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation);
END;

---- Rules: relationships ---------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_relationships_insert BEFORE INSERT ON authz_relationships
BEGIN
  SELECT RAISE(ABORT, 'relation_unknown: the resource type has no such relation in authz_relations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_relations WHERE resource_type = NEW.resource_type AND relation = NEW.relation);
  SELECT RAISE(ABORT, 'relationship_subject: the relation takes no such kind of subject; authz_relation_subjects lists those it takes')
  WHERE NOT EXISTS (
    SELECT 1 FROM authz_relation_subjects
    WHERE resource_type = NEW.resource_type AND relation = NEW.relation
      AND subject_type = substr(NEW.subject, 1, instr(NEW.subject, ':') - 1)
      AND subject_relation = CASE
        WHEN substr(NEW.subject, instr(NEW.subject, ':') + 1) = '*' THEN '*'
        WHEN instr(NEW.subject, '#') > 0 THEN substr(NEW.subject, instr(NEW.subject, '#') + 1)
        ELSE ''
      END
  );
END;

CREATE TRIGGER _authz_relationships_replace BEFORE INSERT ON authz_relationships
WHEN EXISTS (
  SELECT 1 FROM authz_relationships
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject
)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

-- The same relationship, its resource written with the other type of id. OR IGNORE passes over it, as in _authz_resources_insert_twin.
CREATE TRIGGER _authz_relationships_insert_twin BEFORE INSERT ON authz_relationships
WHEN EXISTS (
  SELECT 1 FROM authz_relationships
  WHERE resource_type = NEW.resource_type AND relation = NEW.relation AND subject = NEW.subject
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'relationship_exists: the subject has that relation to that resource, whose id is known with the other type');
END;

-- Most rows are told of as they were written: where the resource is registered by that id, no other relationship has it with another type.
CREATE TRIGGER _authz_relationships_event_created AFTER INSERT ON authz_relationships
WHEN EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at)
  VALUES ('relationship', 'relationship.created', NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id, NEW.expires_at,
    NEW.created_at);
END;

-- The others: an id written with the other type than the resource is known by is brought to that first.
CREATE TRIGGER _authz_relationships_inserted AFTER INSERT ON authz_relationships
WHEN NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
BEGIN
  UPDATE authz_relationships
  SET resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
  WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id AND relation = NEW.relation AND subject = NEW.subject
    AND (EXISTS (
      SELECT 1 FROM authz_resources AS o
      WHERE o.resource_type = NEW.resource_type
        AND o.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    ) OR EXISTS (
      SELECT 1 FROM authz_relationships AS o
      WHERE o.resource_type = NEW.resource_type
        AND o.resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
        AND CAST(o.resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    ));
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at)
  SELECT 'relationship', 'relationship.created', subject, relation, resource_type, resource_id, expires_at, created_at
  FROM authz_relationships
  WHERE resource_type = NEW.resource_type AND relation = NEW.relation AND subject = NEW.subject
    AND resource_id IN (NEW.resource_id, CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END)
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
    AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on');
END;

CREATE TRIGGER _authz_relationships_update BEFORE UPDATE ON authz_relationships
WHEN NEW.subject IS NOT OLD.subject OR NEW.relation IS NOT OLD.relation OR NEW.resource_type IS NOT OLD.resource_type
  OR NEW.created_at IS NOT OLD.created_at
  OR (NEW.resource_id IS NOT OLD.resource_id AND (
    CAST(NEW.resource_id AS TEXT) <> CAST(OLD.resource_id AS TEXT)
    OR (NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id)
      AND NOT EXISTS (SELECT 1 FROM authz_relationships WHERE resource_type = NEW.resource_type AND resource_id = NEW.resource_id))))
BEGIN
  SELECT RAISE(ABORT, 'relationship_immutable: only expires_at of a relationship can change; delete the row and insert another');
END;

CREATE TRIGGER _authz_relationships_event_updated AFTER UPDATE OF expires_at ON authz_relationships
WHEN NEW.expires_at IS NOT OLD.expires_at AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at)
  VALUES
    ('relationship', 'relationship.updated', NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id, NEW.expires_at, NEW.created_at),
    ('relationship', NULL, OLD.subject, OLD.relation, OLD.resource_type, OLD.resource_id, OLD.expires_at, OLD.created_at);
END;

-- What was over by itself did not end now.
CREATE TRIGGER _authz_relationships_event_deleted AFTER DELETE ON authz_relationships
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, subject, relation, resource_type, resource_id, expires_at, created_at)
  VALUES ('relationship',
    CASE WHEN OLD.expires_at <= ifnull((SELECT expired_before FROM _authz_call), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
      THEN 'relationship.expired' ELSE 'relationship.deleted' END,
    OLD.subject, OLD.relation, OLD.resource_type, OLD.resource_id, OLD.expires_at, OLD.created_at);
END;

-- A resource registered after its relationships were written: they take over the type of its id.
CREATE TRIGGER _authz_resources_inserted_relationships AFTER INSERT ON authz_resources
WHEN EXISTS (
  SELECT 1 FROM authz_relationships
  WHERE resource_type = NEW.resource_type
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT)
)
BEGIN
  UPDATE authz_relationships
  SET resource_id = NEW.resource_id
  WHERE resource_type = NEW.resource_type
    AND resource_id = CASE typeof(NEW.resource_id) WHEN 'integer' THEN CAST(NEW.resource_id AS TEXT) ELSE CAST(NEW.resource_id AS INTEGER) END
    AND CAST(resource_id AS TEXT) = CAST(NEW.resource_id AS TEXT);
END;

-- With a resource go the relationships to it, those it had itself, and those of its usersets: `#` is followed by `$`.
CREATE TRIGGER _authz_resources_delete_relationships BEFORE DELETE ON authz_resources
BEGIN
  DELETE FROM authz_relationships WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  DELETE FROM authz_relationships WHERE subject = OLD.resource_type || ':' || OLD.resource_id;
  DELETE FROM authz_relationships
  WHERE subject >= OLD.resource_type || ':' || OLD.resource_id || '#' AND subject < OLD.resource_type || ':' || OLD.resource_id || '$';
END;

CREATE TRIGGER _authz_groups_delete_relationships BEFORE DELETE ON authz_groups
BEGIN
  DELETE FROM authz_relationships
  WHERE resource_type = 'group' AND resource_id IN (OLD.id, CAST(OLD.id AS INTEGER)) AND CAST(resource_id AS TEXT) = OLD.id;
  DELETE FROM authz_relationships WHERE subject = 'group:' || OLD.id;
  DELETE FROM authz_relationships WHERE subject >= 'group:' || OLD.id || '#' AND subject < 'group:' || OLD.id || '$';
END;

CREATE TRIGGER _authz_users_delete_relationships BEFORE DELETE ON authz_users
BEGIN
  DELETE FROM authz_relationships
  WHERE resource_type = 'user' AND resource_id IN (OLD.id, CAST(OLD.id AS INTEGER)) AND CAST(resource_id AS TEXT) = OLD.id;
  DELETE FROM authz_relationships WHERE subject = 'user:' || OLD.id;
  DELETE FROM authz_relationships WHERE subject >= 'user:' || OLD.id || '#' AND subject < 'user:' || OLD.id || '$';
END;

-- With a membership go the user's relationships to what lies in the organization.
CREATE TRIGGER _authz_memberships_delete_relationships BEFORE DELETE ON authz_memberships
BEGIN
  DELETE FROM authz_relationships
  WHERE subject = 'user:' || OLD.user AND EXISTS (
    SELECT 1 FROM authz_resources AS o
    WHERE o.resource_type = authz_relationships.resource_type AND o.resource_id = authz_relationships.resource_id
      AND o.organization = OLD.organization
  );
END;

---- Events: permissions name their relation ---------------------------------------------------------------------------------------

DROP TRIGGER _authz_permissions_updated;
CREATE TRIGGER _authz_permissions_updated AFTER UPDATE OF name, description, system, relation ON authz_permissions
WHEN NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.system IS NOT OLD.system OR NEW.relation IS NOT OLD.relation
BEGIN
  UPDATE authz_permissions SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

DROP TRIGGER _authz_permissions_event_created;
CREATE TRIGGER _authz_permissions_event_created AFTER INSERT ON authz_permissions
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES ('permission', 'permission.created', NEW.id, NEW.slug, NEW.resource_type, NEW.name, NEW.description, NEW.system, NEW.relation,
    NEW.created_at, NEW.updated_at);
END;

DROP TRIGGER _authz_permissions_event_updated;
CREATE TRIGGER _authz_permissions_event_updated AFTER UPDATE OF name, description, system, relation ON authz_permissions
WHEN (NEW.name IS NOT OLD.name OR NEW.description IS NOT OLD.description OR NEW.system IS NOT OLD.system
    OR NEW.relation IS NOT OLD.relation)
  AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES
    ('permission', 'permission.updated', NEW.id, NEW.slug, NEW.resource_type, NEW.name, NEW.description, NEW.system, NEW.relation,
     NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('permission', NULL, OLD.id, OLD.slug, OLD.resource_type, OLD.name, OLD.description, OLD.system, OLD.relation, OLD.created_at,
     OLD.updated_at);
END;

DROP TRIGGER _authz_permissions_event_deleted;
CREATE TRIGGER _authz_permissions_event_deleted AFTER DELETE ON authz_permissions
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, slug, resource_type, name, description, flag, relation, created_at, updated_at)
  VALUES ('permission', 'permission.deleted', OLD.id, OLD.slug, OLD.resource_type, OLD.name, OLD.description, OLD.system, OLD.relation,
    OLD.created_at, OLD.updated_at);
END;

---- What has changed -----------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_relations_changes_insert BEFORE INSERT ON authz_relations BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_relations_changes_update BEFORE UPDATE ON authz_relations BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_relations_changes_delete BEFORE DELETE ON authz_relations BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_relation_subjects_changes_insert BEFORE INSERT ON authz_relation_subjects BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_relation_subjects_changes_update BEFORE UPDATE ON authz_relation_subjects BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;
CREATE TRIGGER _authz_relation_subjects_changes_delete BEFORE DELETE ON authz_relation_subjects BEGIN INSERT INTO _authz_changes (subject) VALUES (NULL); END;

CREATE TRIGGER _authz_relationships_changes_insert BEFORE INSERT ON authz_relationships BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id);
END;
CREATE TRIGGER _authz_relationships_changes_update BEFORE UPDATE ON authz_relationships BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (NEW.subject, NEW.relation, NEW.resource_type, NEW.resource_id);
END;
CREATE TRIGGER _authz_relationships_changes_delete BEFORE DELETE ON authz_relationships BEGIN
  INSERT INTO _authz_changes (subject, relation, resource_type, resource_id) VALUES (OLD.subject, OLD.relation, OLD.resource_type, OLD.resource_id);
END;
