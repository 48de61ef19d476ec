-- Attributes: what directories and sign-ins tell about a person, where in a payload each attribute lies, and what shows on memberships.
--
-- Payloads are JSON, which no trigger may read. So whoever records one works its attributes out and stores them beside it; triggers
-- choose whose attributes a membership shows, and keep `authz_memberships.custom_attributes` at that.

INSERT INTO _authz_schema (version, name) VALUES (7, 'attributes');

---- Definitions and mappings -----------------------------------------------------------------------------------------------------

CREATE TABLE authz_attribute_definitions (
  name TEXT NOT NULL PRIMARY KEY,
  -- standard: always there, a field of its own on users; predefined: there once it is switched on; custom: the application's own
  kind TEXT NOT NULL,
  type TEXT NOT NULL,
  description TEXT,
  -- 1: memberships show it, as they do what is custom and what is predefined and switched on
  shown INTEGER NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "kind is standard, predefined or custom" CHECK (kind IN ('standard', 'predefined', 'custom')),
  CONSTRAINT "type is string, number, boolean, array or object" CHECK (type IN ('string', 'number', 'boolean', 'array', 'object')),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "shown is 0 or 1" CHECK (shown IN (0, 1))
) STRICT, WITHOUT ROWID;

INSERT INTO authz_attribute_definitions (name, kind, type, description, shown) VALUES
  ('idp_id', 'standard', 'string', 'The identity provider''s own id of the person', 0),
  ('email', 'standard', 'string', 'E-mail address', 0),
  ('first_name', 'standard', 'string', 'First name', 0),
  ('last_name', 'standard', 'string', 'Last name', 0),
  ('state', 'standard', 'string', 'active or inactive', 0),
  ('addresses', 'predefined', 'array', 'Postal addresses', 0),
  ('cost_center_name', 'predefined', 'string', 'Cost center', 0),
  ('department_name', 'predefined', 'string', 'Department', 0),
  ('division_name', 'predefined', 'string', 'Division', 0),
  ('emails', 'predefined', 'array', 'All e-mail addresses', 0),
  ('employee_number', 'predefined', 'string', 'Number of the employee, from directories', 0),
  ('employee_type', 'predefined', 'string', 'Kind of employment', 0),
  ('employment_start_date', 'predefined', 'string', 'First day of the employment', 0),
  ('job_title', 'predefined', 'string', 'Job title', 0),
  ('manager_email', 'predefined', 'string', 'E-mail address of the manager', 0),
  ('organization', 'predefined', 'string', 'Organization, from directories', 0),
  ('username', 'predefined', 'string', 'User name', 0);

CREATE TABLE authz_attribute_mappings (
  -- the id of a connection or a directory
  provider TEXT NOT NULL,
  name TEXT NOT NULL,
  -- where in the provider's payload the attribute lies
  path TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (provider, name)
) STRICT, WITHOUT ROWID;

---- Whose attributes they are ----------------------------------------------------------------------------------------------------

-- A directory user, or a person as a connection knows them: what was told last, and what follows from it.
CREATE TABLE _authz_attribute_holders (
  -- the connection or directory; '' where the application does its own sign-in
  provider TEXT NOT NULL,
  source TEXT NOT NULL,
  -- the provider's name for the person; the user where it has none
  key TEXT NOT NULL,
  organization ANY NOT NULL,
  -- NULL while the holder is no user yet
  user TEXT,
  -- JSON as it came, but for passwords
  raw TEXT NOT NULL,
  -- JSON: each attribute in force by name
  attributes TEXT NOT NULL,
  -- JSON: those that a membership shows
  shown TEXT NOT NULL,
  -- JSON: by name, what was found where the type is another; NULL where there is nothing of the kind
  problems TEXT,
  -- grows with each time the user was seen in the organization, for two of those may share a millisecond
  seen INTEGER NOT NULL,
  last_seen_at TEXT NOT NULL,
  PRIMARY KEY (provider, source, key, organization),
  CONSTRAINT "source is directory or sso" CHECK (source IN ('directory', 'sso'))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_attribute_holders_by_member ON _authz_attribute_holders (user, organization, source, seen);
CREATE INDEX _authz_attribute_holders_by_organization ON _authz_attribute_holders (organization);
CREATE INDEX _authz_attribute_holders_with_problems ON _authz_attribute_holders (organization, user) WHERE problems IS NOT NULL;

-- What a membership shows: the attributes of the directory user as a whole where there is one, else those of the sign-in; of several, the
-- one seen last.
CREATE VIEW _authz_membership_attributes (id, custom_attributes) AS
SELECT m.id, ifnull((
  SELECT h.shown FROM _authz_attribute_holders AS h
  WHERE h.user = m.user AND h.organization = m.organization
  ORDER BY h.source, h.seen DESC LIMIT 1
), '{}')
FROM authz_memberships AS m;

---- Rules ------------------------------------------------------------------------------------------------------------------------

-- Definitions and mappings change what is stored with each holder, which takes JSON: so a call of the library writes them.
CREATE TRIGGER _authz_attribute_definitions_insert BEFORE INSERT ON authz_attribute_definitions
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a definition; SELECT authz_define_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_definitions_update BEFORE UPDATE ON authz_attribute_definitions
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a definition; SELECT authz_define_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_definitions_delete BEFORE DELETE ON authz_attribute_definitions
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a definition; SELECT authz_undefine_attribute() does both');
END;

CREATE TRIGGER _authz_attribute_mappings_insert BEFORE INSERT ON authz_attribute_mappings
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a mapping; SELECT authz_map_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_mappings_update BEFORE UPDATE ON authz_attribute_mappings
WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a mapping; SELECT authz_map_attribute() does both');
END;
-- Those of a provider that goes with all its holders have nothing left to say.
CREATE TRIGGER _authz_attribute_mappings_delete BEFORE DELETE ON authz_attribute_mappings
WHEN NOT EXISTS (SELECT 1 FROM _authz_call) AND EXISTS (SELECT 1 FROM _authz_attribute_holders WHERE provider = OLD.provider)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a mapping; SELECT authz_map_attribute() with a NULL path does both');
END;

CREATE TRIGGER _authz_attribute_holders_inserted AFTER INSERT ON _authz_attribute_holders
BEGIN
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id)
  WHERE user = NEW.user AND organization = NEW.organization
    AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id);
END;

CREATE TRIGGER _authz_attribute_holders_updated AFTER UPDATE ON _authz_attribute_holders
BEGIN
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id)
  WHERE user = OLD.user AND organization = OLD.organization AND OLD.user IS NOT NEW.user
    AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id);
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id)
  WHERE user = NEW.user AND organization = NEW.organization
    AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id);
END;

CREATE TRIGGER _authz_attribute_holders_deleted AFTER DELETE ON _authz_attribute_holders
BEGIN
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id)
  WHERE user = OLD.user AND organization = OLD.organization
    AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id);
END;

---- Memberships ------------------------------------------------------------------------------------------------------------------

-- Nobody writes custom_attributes but what it has to be: so these triggers let the ones above through, and no one else.
DROP TRIGGER _authz_memberships_update_attributes;
CREATE TRIGGER _authz_memberships_update_attributes BEFORE UPDATE OF custom_attributes ON authz_memberships
WHEN NEW.custom_attributes IS NOT OLD.custom_attributes
BEGIN
  SELECT RAISE(ABORT, 'custom_attributes_read_only: custom attributes come from directories and sign-ins, and cannot be written')
  WHERE NEW.custom_attributes IS NOT (SELECT custom_attributes FROM _authz_membership_attributes WHERE id = OLD.id);
END;

DROP TRIGGER _authz_memberships_insert_attributes;
CREATE TRIGGER _authz_memberships_insert_attributes BEFORE INSERT ON authz_memberships
WHEN NEW.custom_attributes <> '{}'
BEGIN
  SELECT RAISE(ABORT, 'custom_attributes_read_only: custom attributes come from directories and sign-ins; leave them out')
  WHERE NEW.custom_attributes IS NOT (
    SELECT shown FROM _authz_attribute_holders
    WHERE user = NEW.user AND organization = NEW.organization ORDER BY source, seen DESC LIMIT 1
  );
END;

-- A membership that comes later than what is known of its user takes that on, in an event after that of its creation: the row of that
-- event is there already when the update writes its own, for both are written here, in order.
DROP TRIGGER _authz_memberships_inserted;
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
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = NEW.id)
  WHERE id = NEW.id AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = NEW.id);
END;

-- What was told of a person in an organization goes with the membership, the user, the organization.
CREATE TRIGGER _authz_memberships_delete_attributes AFTER DELETE ON authz_memberships
BEGIN
  DELETE FROM _authz_attribute_holders WHERE user = OLD.user AND organization = OLD.organization;
END;

CREATE TRIGGER _authz_users_delete_attributes AFTER DELETE ON authz_users
BEGIN
  DELETE FROM _authz_attribute_holders WHERE user = OLD.id;
END;

CREATE TRIGGER _authz_organizations_delete_attributes AFTER DELETE ON authz_organizations
BEGIN
  DELETE FROM _authz_attribute_holders WHERE organization = OLD.id;
END;

-- What a provider told goes with it, and its mappings after that.
CREATE TRIGGER _authz_connections_delete_attributes AFTER DELETE ON authz_connections
BEGIN
  DELETE FROM _authz_attribute_holders WHERE provider = OLD.id AND source = 'sso';
  DELETE FROM authz_attribute_mappings WHERE provider = OLD.id;
END;

---- Claims -----------------------------------------------------------------------------------------------------------------------

-- The template of the claims in access tokens, at most one row. It is looked at when it is set by authz_set_jwt_template(), and again
-- when claims are made.
CREATE TABLE authz_jwt_template (
  id INTEGER NOT NULL PRIMARY KEY DEFAULT 1,
  template TEXT NOT NULL,
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "there is one template" CHECK (id = 1)
) STRICT, WITHOUT ROWID;
