-- identity: organizations, users and memberships; connections, sign-ins and sessions; attributes; directories.
--
-- An organization and its resource of type `organization` are one thing: each row of authz_organizations has its twin in authz_resources,
-- made from either side and kept in step by triggers. Some triggers of core and events are made anew here, with what this system adds.

INSERT INTO _authz_schema VALUES ('identity', 1, 'identity');
DROP TRIGGER _authz_settings_insert;
INSERT INTO _authz_settings VALUES ('session_max_seconds', 2592000), ('session_inactivity_seconds', 0), ('require_membership', 'off');
CREATE TRIGGER _authz_settings_insert BEFORE INSERT ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_unknown: there is no setting of that name; UPDATE one that is there');
END;

---- People -----------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_organizations (
  id ANY NOT NULL PRIMARY KEY DEFAULT ('org_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  name TEXT,
  description TEXT,
  external_id TEXT,
  -- a JSON object of at most 50 strings of at most 600 characters, under names of at most 40
  metadata TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id is an INTEGER or TEXT; where a driver binds a REAL, bind an integer or CAST(? AS INTEGER)"
    CHECK (typeof(id) = 'integer' OR typeof(id) = 'text'),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "a description has at most 1000 characters" CHECK (length(description) <= 1000),
  CONSTRAINT "an external id has at most 128 characters" CHECK (length(external_id) <= 128)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_organizations_by_external_id ON authz_organizations (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE authz_users (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('user_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  -- no two users have one; NULL where it is another user's: see authz_organization_domains
  email TEXT,
  first_name TEXT,
  last_name TEXT,
  external_id TEXT,
  metadata TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an e-mail address has at most 320 characters" CHECK (length(email) <= 320),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(first_name) <= 256 AND length(last_name) <= 256),
  CONSTRAINT "an external id has at most 128 characters" CHECK (length(external_id) <= 128)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_users_by_email ON authz_users (email);
-- Addresses are compared without regard to the case of ASCII letters, as mail providers do. SQLite names this index in its error.
CREATE UNIQUE INDEX _authz_user_email_conflict ON authz_users (lower(email));
CREATE UNIQUE INDEX _authz_users_by_external_id ON authz_users (external_id) WHERE external_id IS NOT NULL;

CREATE TABLE authz_memberships (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('om_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  user TEXT NOT NULL,
  organization ANY NOT NULL,
  status TEXT NOT NULL DEFAULT 'active',
  -- 1: a directory decides about the status
  directory_managed INTEGER NOT NULL DEFAULT 0,
  -- what directories and sign-ins told about the user: a JSON object, not written by hand
  custom_attributes TEXT NOT NULL DEFAULT '{}',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  -- the role that the user was given with the membership; NULL: the default role
  role TEXT,
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "status is active, inactive or pending" CHECK (status IN ('active', 'inactive', 'pending')),
  CONSTRAINT "directory_managed is 0 or 1" CHECK (directory_managed IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_memberships_key ON authz_memberships (user, organization);
CREATE INDEX _authz_memberships_by_organization ON authz_memberships (organization);

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

-- The roles of a membership that is being deleted: its event comes after theirs, and still shows them.
CREATE TABLE _authz_departing (
  id TEXT NOT NULL PRIMARY KEY,
  roles TEXT
) STRICT, WITHOUT ROWID;

-- Which e-mail domains an organization has proved to be its own. An address alone proves nothing: it counts where the organization owns
-- the domain, or where the person is nobody outside the organization.
CREATE TABLE authz_organization_domains (
  organization ANY NOT NULL,
  -- in lower case: acme.com
  domain TEXT NOT NULL,
  -- the application sets verified when the organization has shown that the domain is its own
  state TEXT NOT NULL DEFAULT 'pending',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  id TEXT NOT NULL DEFAULT ('org_domain_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  PRIMARY KEY (organization, domain),
  CONSTRAINT "state is pending, verified or failed" CHECK (state IN ('pending', 'verified', 'failed')),
  CONSTRAINT "a domain has 1 to 253 characters a-z 0-9 - . in lower case, and a dot"
    CHECK (length(domain) BETWEEN 1 AND 253 AND domain NOT GLOB '*[^a-z0-9.-]*' AND domain GLOB '?*.?*')
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX _authz_organization_domains_by_id ON authz_organization_domains (id);
-- A domain has one owner.
CREATE UNIQUE INDEX _authz_organization_domains_verified ON authz_organization_domains (domain) WHERE state = 'verified';

---- Connections, sign-ins, sessions ----------------------------------------------------------------------------------------------

-- A session that is over by the clock must never be read as going on, though nobody has written that down yet. So the two public
-- relations of sessions are views that compare with the clock, over tables of what was recorded; writes to a view go through its triggers
-- into the table. Each of them first records what is due. The rules of the tables judge by the columns of the row alone: a connection may
-- have moved its clock forward, of which the file knows nothing.

-- The types that WorkOS names. Rows instead of a constraint: what is not in the schema need not be parsed by each connection.
CREATE TABLE _authz_provider_types (
  provider TEXT NOT NULL,
  type TEXT NOT NULL,
  PRIMARY KEY (provider, type)
) STRICT, WITHOUT ROWID;
INSERT INTO _authz_provider_types VALUES
  ('connection', 'ADFSSAML'), ('connection', 'AdpOidc'), ('connection', 'AppleOAuth'), ('connection', 'Auth0Migration'),
  ('connection', 'Auth0SAML'), ('connection', 'AzureSAML'), ('connection', 'BitbucketOAuth'), ('connection', 'CasSAML'),
  ('connection', 'ClassLinkSAML'), ('connection', 'CleverOIDC'), ('connection', 'CloudflareSAML'), ('connection', 'CyberArkSAML'),
  ('connection', 'DiscordOAuth'), ('connection', 'DuoSAML'), ('connection', 'EntraIdOIDC'), ('connection', 'GenericOIDC'),
  ('connection', 'GenericSAML'), ('connection', 'GitHubOAuth'), ('connection', 'GitLabOAuth'), ('connection', 'GoogleOAuth'),
  ('connection', 'GoogleOIDC'), ('connection', 'GoogleSAML'), ('connection', 'GrokOAuth'), ('connection', 'IntuitOAuth'),
  ('connection', 'JumpCloudSAML'), ('connection', 'KeycloakSAML'), ('connection', 'LastPassSAML'), ('connection', 'LinkedInOAuth'),
  ('connection', 'LoginGovOidc'), ('connection', 'MagicLink'), ('connection', 'MicrosoftOAuth'), ('connection', 'MiniOrangeSAML'),
  ('connection', 'NetIqSAML'), ('connection', 'OktaOIDC'), ('connection', 'OktaSAML'), ('connection', 'OneLoginSAML'),
  ('connection', 'OracleSAML'), ('connection', 'PingFederateSAML'), ('connection', 'PingOneSAML'), ('connection', 'RipplingSAML'),
  ('connection', 'SalesforceOAuth'), ('connection', 'SalesforceSAML'), ('connection', 'ShibbolethGenericSAML'),
  ('connection', 'ShibbolethSAML'), ('connection', 'SimpleSamlPhpSAML'), ('connection', 'SlackOAuth'), ('connection', 'TestIdp'),
  ('connection', 'VMwareSAML'), ('connection', 'VercelMarketplaceOAuth'), ('connection', 'VercelOAuth'), ('connection', 'XOAuth'),
  ('connection', 'XeroOAuth'),
  ('directory', 'azure scim v2.0'), ('directory', 'bamboohr'), ('directory', 'breathe hr'), ('directory', 'cezanne hr'),
  ('directory', 'cyberark scim v2.0'), ('directory', 'fourth hr'), ('directory', 'generic scim v2.0'), ('directory', 'gsuite directory'),
  ('directory', 'gusto'), ('directory', 'hibob'), ('directory', 'jump cloud scim v2.0'), ('directory', 'okta scim v2.0'),
  ('directory', 'onelogin scim v2.0'), ('directory', 'people hr'), ('directory', 'personio'), ('directory', 'pingfederate scim v2.0'),
  ('directory', 'rippling'), ('directory', 'rippling scim v2.0'), ('directory', 's3'), ('directory', 'sailpoint scim v2.0'),
  ('directory', 'sftp'), ('directory', 'sftp workday'), ('directory', 'workday');

CREATE TABLE authz_connections (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('conn_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  organization ANY NOT NULL,
  -- in the names of WorkOS, such as OktaSAML
  type TEXT NOT NULL,
  name TEXT,
  state TEXT NOT NULL DEFAULT 'active',
  -- 1: a sign-in makes its user a member
  jit INTEGER NOT NULL DEFAULT 1,
  -- how long a sign-in may take; NULL is 300
  timeout_seconds INTEGER,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "state is active or inactive" CHECK (state IN ('active', 'inactive')),
  CONSTRAINT "jit is 0 or 1" CHECK (jit IN (0, 1)),
  CONSTRAINT "timeout_seconds is 1 to 86400" CHECK (timeout_seconds BETWEEN 1 AND 86400)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_connections_by_organization ON authz_connections (organization);

-- What was recorded of each sign-in; `authz_sso_sessions` is its public face. Ids begin with the time, so that new rows are together.
CREATE TABLE _authz_sso_sessions (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('sso_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  organization ANY NOT NULL,
  connection TEXT NOT NULL,
  -- sp: begun at the application, idp: at the identity provider, test: by an administrator who tries the connection
  origin TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'in_progress',
  ip_address TEXT,
  user_agent TEXT,
  user TEXT,
  email TEXT,
  started_at TEXT NOT NULL,
  -- NULL for a test, which never times out
  expires_at TEXT,
  ended_at TEXT,
  -- those of a timeout are always the same and not stored
  error_code TEXT,
  error_message TEXT,
  -- JSON, with what is secret masked
  request TEXT,
  response TEXT,
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "origin is sp, idp or test" CHECK (origin IN ('sp', 'idp', 'test')),
  CONSTRAINT "status is in_progress, success, failed, timed_out, test_successful or test_failed"
    CHECK (status IN ('in_progress', 'success', 'failed', 'timed_out', 'test_successful', 'test_failed')),
  CONSTRAINT "times are UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (started_at IS strftime('%Y-%m-%dT%H:%M:%fZ', started_at) AND expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)
      AND ended_at IS strftime('%Y-%m-%dT%H:%M:%fZ', ended_at)),
  CONSTRAINT "a session expires after it has started, and a test never does"
    CHECK (CASE origin WHEN 'test' THEN expires_at IS NULL ELSE ifnull(expires_at > started_at, 0) END)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_sso_sessions_open ON _authz_sso_sessions (expires_at) WHERE status = 'in_progress';
CREATE INDEX _authz_sso_sessions_open_by_connection ON _authz_sso_sessions (connection) WHERE status = 'in_progress';
CREATE INDEX _authz_sso_sessions_by_start ON _authz_sso_sessions (started_at);

-- Whom an identity provider means by its own id of a person: decided at the first sign-in, and from then on.
CREATE TABLE _authz_sso_profiles (
  connection TEXT NOT NULL,
  idp_id TEXT NOT NULL,
  user TEXT NOT NULL,
  -- the last one, with what is secret masked
  profile TEXT NOT NULL,
  first_seen_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  PRIMARY KEY (connection, idp_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_sso_profiles_by_user ON _authz_sso_profiles (user);

CREATE VIEW authz_sso_sessions (id, organization, connection, origin, status, ip_address, user_agent, user, email, started_at, expires_at,
  ended_at, error_code, error_message, request, response) AS
SELECT id, organization, connection, origin, CASE WHEN over THEN 'timed_out' ELSE status END, ip_address, user_agent, user, email, started_at,
  expires_at, CASE WHEN over THEN expires_at ELSE ended_at END,
  CASE WHEN over OR status = 'timed_out' THEN 'sso_timed_out' ELSE error_code END,
  CASE WHEN over OR status = 'timed_out' THEN 'the sign-in was not completed in time' ELSE error_message END, request, response
FROM (SELECT *, status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS over FROM _authz_sso_sessions);

-- What the codes mean with which an identity provider or the application sends a person back.
CREATE TABLE _authz_sso_errors (
  code TEXT NOT NULL PRIMARY KEY,
  description TEXT NOT NULL,
  next_step TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO _authz_sso_errors VALUES
  ('access_denied', 'The identity provider refused the person, or the person declined at the identity provider.',
   'Ask the administrator of the identity provider whether the person is assigned to the application there.'),
  ('ambiguous_connection_selector', 'What the request selects by fits more than one connection, as where an organization has several.',
   'Name the connection itself in the request.'),
  ('connection_deleted', 'The connection was deleted while the sign-in was in progress.',
   'Sign in through another connection, or create the connection again.'),
  ('connection_domain_invalid', 'No connection belongs to the domain that the request names.',
   'Compare the domain with authz_organization_domains, or select by organization or connection.'),
  ('connection_invalid', 'There is no connection with the id that the request names.',
   'Compare the id in the request with authz_connections.'),
  ('connection_strategy_invalid', 'The provider that the request names is set up in more than one way.',
   'Name the connection instead of the provider.'),
  ('connection_unlinked', 'The connection is there and inactive.',
   'Set the state of the connection to active once its settings at the identity provider are right.'),
  ('domain_connection_selector_not_allowed', 'The request selects by domain, which is no longer allowed.',
   'Select by organization or connection.'),
  ('idp_initiated_sso_disabled', 'The sign-in began at the identity provider, and the connection takes only those that begin at the application.',
   'Begin at the application, or allow the connection to take sign-ins from the identity provider.'),
  ('invalid_connection_selector', 'The request names nothing by which a connection could be selected.',
   'Give a connection, an organization or a provider.'),
  ('oauth_failed', 'The authorization request to the provider failed.',
   'Look at the response: a wrong client id, secret or redirect URI is the usual cause.'),
  ('organization_invalid', 'There is no organization with the id that the request names, or it has no connection.',
   'Compare the id in the request with authz_organizations, and look for its connection in authz_connections.'),
  ('profile_not_allowed_outside_organization', 'The e-mail address is of no domain of the organization, which takes no others.',
   'Compare the domain of the address with authz_organization_domains.'),
  ('server_error', 'The sign-in failed for a reason that the code does not tell.',
   'Look at the request and the response of the session.'),
  ('signin_consent_denied', 'The person was asked whether to go on with the sign-in, and declined.',
   'Ask the person to begin again, and to do so from the application.'),
  ('sso_timed_out', 'The sign-in was not completed in time.',
   'Ask the person to begin again; where it happens often, look at the identity provider or at timeout_seconds of the connection.');
CREATE VIEW authz_sso_errors (code, description, next_step) AS SELECT code, description, next_step FROM _authz_sso_errors;

-- What was recorded of each session of the application; `authz_sessions` is its public face.
CREATE TABLE _authz_sessions (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('session_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(16))),
  user TEXT NOT NULL,
  -- NULL for an application without organizations
  organization ANY,
  auth_method TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active',
  ip_address TEXT,
  user_agent TEXT,
  -- who acts in the user's place: a JSON object with email and reason, or an e-mail address
  impersonator TEXT,
  last_active_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  -- when it is over: at expires_at, or earlier by inactivity
  due_at TEXT NOT NULL,
  ended_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CONSTRAINT "an id has 1 to 256 bytes" CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 256),
  CONSTRAINT "status is active, expired or revoked" CHECK (status IN ('active', 'expired', 'revoked')),
  CONSTRAINT "times are UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (last_active_at IS strftime('%Y-%m-%dT%H:%M:%fZ', last_active_at) AND expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)
      AND ended_at IS strftime('%Y-%m-%dT%H:%M:%fZ', ended_at) AND created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)),
  CONSTRAINT "a session expires after it was created, and was never used before"
    CHECK (last_active_at >= created_at AND due_at > created_at AND due_at <= expires_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_sessions_open ON _authz_sessions (due_at) WHERE status = 'active';
CREATE INDEX _authz_sessions_open_by_user ON _authz_sessions (user) WHERE status = 'active';
CREATE INDEX _authz_sessions_by_creation ON _authz_sessions (created_at);

CREATE VIEW authz_sessions (id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at,
  ended_at, created_at, updated_at) AS
SELECT id, user, organization, auth_method, CASE WHEN over THEN 'expired' ELSE status END, ip_address, user_agent, impersonator, last_active_at,
  expires_at, CASE WHEN over THEN due_at ELSE ended_at END, created_at, updated_at
FROM (SELECT *, status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS over FROM _authz_sessions);

-- The settings as one row.
CREATE VIEW _authz_session_settings (max_seconds, inactivity_seconds) AS
SELECT m.value, i.value FROM _authz_settings AS m JOIN _authz_settings AS i ON i.name = 'session_inactivity_seconds'
WHERE m.name = 'session_max_seconds';

-- Records which sign-ins or sessions are over by the clock: insert which of the two here.
CREATE VIEW _authz_due (kind) AS SELECT NULL;
CREATE TRIGGER _authz_due_insert INSTEAD OF INSERT ON _authz_due
BEGIN
  UPDATE _authz_sso_sessions SET status = 'timed_out', ended_at = expires_at
  WHERE status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AND NEW.kind = 'sign-in';
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AND NEW.kind = 'session';
END;

-- Whoever is shut out of an organization, or gone, is signed out there: insert the user and the organization here, or NULL for all.
CREATE VIEW _authz_signed_out (user, organization) AS SELECT NULL, NULL;
CREATE TRIGGER _authz_signed_out_insert INSTEAD OF INSERT ON _authz_signed_out
BEGIN
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE user = NEW.user AND (NEW.organization IS NULL OR organization = NEW.organization) AND status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sessions SET status = 'revoked', ended_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), updated_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE user = NEW.user AND (NEW.organization IS NULL OR organization = NEW.organization) AND status = 'active';
END;

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

-- The template of the claims in access tokens, at most one row. It is looked at when it is set by authz_set_jwt_template(), and again
-- when claims are made.
CREATE TABLE authz_jwt_template (
  id INTEGER NOT NULL PRIMARY KEY DEFAULT 1,
  template TEXT NOT NULL,
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "there is one template" CHECK (id = 1)
) STRICT, WITHOUT ROWID;

---- Directories ------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_directories (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('directory_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  organization ANY NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL DEFAULT 'generic scim v2.0',
  state TEXT NOT NULL DEFAULT 'active',
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CONSTRAINT "a name has 1 to 256 characters" CHECK (length(name) BETWEEN 1 AND 256),
  CONSTRAINT "the state is active, inactive, validating, invalid_credentials or deleting"
    CHECK (state IN ('active', 'inactive', 'validating', 'invalid_credentials', 'deleting'))
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_directories_by_organization ON authz_directories (organization);

CREATE TABLE authz_directory_users (
  -- also the id that the provider is given
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('directory_user_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
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
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('directory_group_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
  directory TEXT NOT NULL,
  organization ANY NOT NULL,
  -- the provider's own id: externalId, else the id given here
  idp_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  -- the group in authz_groups that stands for it
  group_id TEXT NOT NULL DEFAULT ('group_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
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

-- The organizations whose providers have told of a user or were given it by its address. A row stays when the connection or the directory
-- goes: a user whom one organization may have made up is never taken over by another.
CREATE TABLE _authz_known_users (
  user TEXT NOT NULL,
  organization ANY NOT NULL,
  -- what they call the user: by this address the organization finds one who has none in authz_users
  email TEXT,
  PRIMARY KEY (user, organization)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_known_users_by_email ON _authz_known_users (organization, lower(email));

-- The roles that a directory group gives are assignments of its group with the source directory.
CREATE VIEW authz_directory_group_roles (directory, directory_group, role, organization, resource_type, resource_id, created_at) AS
SELECT g.directory, g.id, a.role, a.organization, a.resource_type, a.resource_id, a.created_at
FROM authz_directory_groups AS g JOIN authz_role_assignments AS a ON a.subject = 'group:' || g.group_id
WHERE a.source = 'directory';

---- Rules: metadata --------------------------------------------------------------------------------------------------------------

-- Whoever writes metadata inserts it here, and it is refused or nothing happens. JSON functions may be used neither in triggers nor in
-- constraints, so the text is read here, token by token, and strings from one backslash to the next.
CREATE VIEW _authz_metadata (metadata) AS SELECT NULL;
CREATE TRIGGER _authz_metadata_insert INSTEAD OF INSERT ON _authz_metadata WHEN NEW.metadata <> '{}'
BEGIN
  SELECT RAISE(ABORT, 'metadata_invalid: metadata is a JSON object of at most 50 strings, each of at most 600 characters under a name of at most 40')
  WHERE length(NEW.metadata) > 1000000 OR instr(NEW.metadata, char(0)) > 0 OR NOT EXISTS (
    WITH RECURSIVE
    -- what comes next, and where; the text from there on for a while, NULL when it must be fetched; within a string how many characters it
    -- has so far, and at which quote or backslash in the text ends what may be taken as it is; how many names there were
    reading (next, place, text, length, stop, names) AS (
      SELECT 'object', 1, NULL, 0, NULL, 0
      UNION ALL
      -- the longest string that may be, all of it escaped, has 7200 characters
      SELECT next, place, substr(NEW.metadata, place, 8000), length, CASE
          WHEN instr(substr(NEW.metadata, place, 8000), '\') BETWEEN 1 AND instr(substr(NEW.metadata, place, 8000), '"')
          THEN instr(substr(NEW.metadata, place, 8000), '\') ELSE instr(substr(NEW.metadata, place, 8000), '"') END, names
      FROM reading WHERE text IS NULL AND next <> 'end'
      UNION ALL
      SELECT
        CASE ltrim(text, char(9, 10, 13, 32)) WHEN '' THEN next ELSE
          CASE next || substr(ltrim(text, char(9, 10, 13, 32)), 1, 1)
            WHEN 'object{' THEN 'first' WHEN 'first"' THEN 'in name' WHEN 'first}' THEN 'end'
            WHEN 'colon:' THEN 'value' WHEN 'value"' THEN 'in value'
            WHEN 'comma,' THEN 'name' WHEN 'name"' THEN 'in name' WHEN 'comma}' THEN 'end'
          END
        END,
        place + length(text) - length(ltrim(text, char(9, 10, 13, 32))) + (ltrim(text, char(9, 10, 13, 32)) <> ''), NULL, 0, NULL,
        names + (next IN ('first', 'name') AND ltrim(text, char(9, 10, 13, 32)) <> '')
      FROM reading
      WHERE next IN ('object', 'first', 'colon', 'value', 'comma', 'name') AND names <= 50 AND text <> ''
      UNION ALL
      SELECT next, place + stop - 1 + taken, substr(text, stop + taken), length + stop, CASE
          WHEN instr(substr(text, stop + taken), '\') BETWEEN 1 AND instr(substr(text, stop + taken), '"')
          THEN instr(substr(text, stop + taken), '\') ELSE instr(substr(text, stop + taken), '"') END, names
      FROM reading JOIN (SELECT 2 AS taken UNION ALL SELECT 6 UNION ALL SELECT 12)
      WHERE next IN ('in name', 'in value') AND stop > 0 AND substr(text, stop, 1) = '\' AND length + stop <= CASE next WHEN 'in name' THEN 40 ELSE 600 END
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
      WHERE next IN ('in name', 'in value') AND stop > 0 AND substr(text, stop, 1) = '"' AND length + stop - 1 <= CASE next WHEN 'in name' THEN 40 ELSE 600 END
        AND substr(text, 1, stop - 1) NOT GLOB '*[' || char(1) || '-' || char(31) || ']*'
    )
    SELECT 1 FROM reading WHERE next = 'end' AND ltrim(substr(NEW.metadata, place), char(9, 10, 13, 32)) = ''
  );
END;

---- Rules: organizations ---------------------------------------------------------------------------------------------------------

-- An organization is told of as such and not as a resource.
DROP TRIGGER _authz_outbox_insert;
CREATE TRIGGER _authz_outbox_insert BEFORE INSERT ON _authz_outbox
WHEN NEW.seq > 0 OR NEW.resource_type = 'organization' AND NEW.kind = 'authorization_resource' OR NEW.kind NOT IN ('events', 'pruned') AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'off')
BEGIN
  SELECT RAISE(ABORT, 'outbox_append_only: events are numbered by the outbox itself') WHERE NEW.seq > 0;
  SELECT RAISE(IGNORE);
END;

DROP TRIGGER _authz_resources_delete;
CREATE TRIGGER _authz_resources_delete BEFORE DELETE ON authz_resources
BEGIN
  INSERT INTO _authz_changes (resource_type, resource_id) VALUES (OLD.resource_type, OLD.resource_id);
  INSERT INTO _authz_search_notes SELECT OLD.resource_type, OLD.resource_id FROM _authz_search_state WHERE format > 0 ON CONFLICT DO NOTHING;
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = OLD.resource_type AND parent_id = OLD.resource_id)
      THEN RAISE(ABORT, 'resource_has_dependents: the resource has children; remove them first')
    WHEN OLD.resource_type = 'organization' AND EXISTS (SELECT 1 FROM authz_memberships WHERE organization = OLD.resource_id)
      THEN RAISE(ABORT, 'organization_has_members: the organization has memberships; delete them first')
  END;
  DELETE FROM authz_role_assignments WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  DELETE FROM authz_relationships WHERE resource_type = OLD.resource_type AND resource_id = OLD.resource_id;
  INSERT INTO _authz_departures VALUES (OLD.resource_type || ':' || OLD.resource_id);
END;

CREATE TRIGGER _authz_resources_inserted_organization AFTER INSERT ON authz_resources WHEN NEW.resource_type = 'organization'
BEGIN
  INSERT INTO authz_organizations (id, name, description, external_id, created_at, updated_at)
  SELECT NEW.resource_id, NEW.name, NEW.description, NEW.given_external_id, NEW.created_at, NEW.updated_at WHERE NEW.resource_id NOT IN (SELECT id FROM authz_organizations);
END;

CREATE TRIGGER _authz_resources_updated_organization AFTER UPDATE OF name, description, given_external_id ON authz_resources
WHEN NEW.resource_type = 'organization' AND (NEW.name, NEW.description, NEW.given_external_id) IS NOT (OLD.name, OLD.description, OLD.given_external_id)
BEGIN
  UPDATE authz_organizations SET name = NEW.name, description = NEW.description, external_id = NEW.given_external_id
  WHERE id = NEW.resource_id AND (name, description, external_id) IS NOT (NEW.name, NEW.description, NEW.given_external_id);
END;

CREATE TRIGGER _authz_resources_deleted_organization AFTER DELETE ON authz_resources WHEN OLD.resource_type = 'organization'
BEGIN
  DELETE FROM authz_organizations WHERE id = OLD.resource_id;
END;

CREATE TRIGGER _authz_organizations_insert BEFORE INSERT ON authz_organizations
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_organizations WHERE id = NEW.id OR external_id = NEW.external_id;
  INSERT INTO _authz_text VALUES (NEW.id, printf('%s%s%s%s', NEW.name, NEW.description, NEW.external_id, NEW.metadata));
  INSERT INTO _authz_metadata VALUES (NEW.metadata);
  SELECT CASE WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE') END;
END;

-- As _authz_resources_insert_twin: OR IGNORE passes over an organization whose id is registered with the other type.
CREATE TRIGGER _authz_organizations_insert_twin BEFORE INSERT ON authz_organizations
WHEN EXISTS (
  SELECT 1 FROM authz_organizations WHERE id = CASE typeof(NEW.id) WHEN 'integer' THEN CAST(NEW.id AS TEXT) ELSE CAST(NEW.id AS INTEGER) END AND CAST(id AS TEXT) = CAST(NEW.id AS TEXT)
)
BEGIN
  INSERT OR REPLACE INTO _authz_replace_probe VALUES (1, 1);
  SELECT RAISE(IGNORE) FROM _authz_replace_probe WHERE replaced = 0;
  SELECT RAISE(ABORT, 'resource_exists: 42 and ''42'' are one organization, and it is registered with the other type of id');
END;

CREATE TRIGGER _authz_organizations_inserted AFTER INSERT ON authz_organizations
BEGIN
  INSERT INTO authz_resources (resource_type, resource_id, organization, name, description, given_external_id, created_at, updated_at)
  SELECT 'organization', NEW.id, NEW.id, NEW.name, NEW.description, NEW.external_id, NEW.created_at, NEW.updated_at
  WHERE NOT EXISTS (SELECT 1 FROM authz_resources WHERE resource_type = 'organization' AND resource_id = NEW.id);
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  VALUES ('organization', 'organization.created', NEW.id, NEW.name, NEW.description, NEW.external_id, NEW.metadata, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_organizations_update BEFORE UPDATE ON authz_organizations
BEGIN
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s%s%s', NEW.name, NEW.description, NEW.external_id, NEW.metadata));
  INSERT INTO _authz_metadata SELECT NEW.metadata WHERE NEW.metadata <> OLD.metadata;
  SELECT CASE
    WHEN (NEW.id, typeof(NEW.id), NEW.created_at) <> (OLD.id, typeof(OLD.id), OLD.created_at)
      THEN RAISE(ABORT, 'organization_immutable: id and created_at of an organization cannot change; create another and delete this one')
    WHEN EXISTS (SELECT 1 FROM authz_organizations WHERE external_id = NEW.external_id AND id <> OLD.id)
      THEN RAISE(ABORT, 'external_id_already_used: another organization has that external id')
  END;
END;

CREATE TRIGGER _authz_organizations_updated AFTER UPDATE OF name, description, external_id, metadata ON authz_organizations
WHEN (NEW.name, NEW.description, NEW.external_id, NEW.metadata) IS NOT (OLD.name, OLD.description, OLD.external_id, OLD.metadata)
BEGIN
  UPDATE authz_organizations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  UPDATE authz_resources SET name = NEW.name, description = NEW.description, given_external_id = NEW.external_id, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE resource_type = 'organization' AND resource_id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  VALUES ('organization', 'organization.updated', NEW.id, NEW.name, NEW.description, NEW.external_id, NEW.metadata, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  VALUES ('organization', NULL, OLD.id, OLD.name, OLD.description, OLD.external_id, OLD.metadata, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_organizations_delete BEFORE DELETE ON authz_organizations
BEGIN
  SELECT CASE
    WHEN OLD.id IN (SELECT organization FROM authz_memberships)
      THEN RAISE(ABORT, 'organization_has_members: the organization has memberships; delete them first')
    WHEN EXISTS (SELECT 1 FROM authz_resources WHERE parent_type = 'organization' AND parent_id = OLD.id)
      THEN RAISE(ABORT, 'resource_has_dependents: the organization has resources; remove them first')
  END;
  UPDATE authz_directories SET state = 'deleting' WHERE organization = OLD.id;
  DELETE FROM authz_directory_groups WHERE directory IN (SELECT id FROM authz_directories WHERE organization = OLD.id);
  DELETE FROM authz_directory_users WHERE directory IN (SELECT id FROM authz_directories WHERE organization = OLD.id);
  DELETE FROM authz_directories WHERE organization = OLD.id;
  DELETE FROM authz_connections WHERE organization = OLD.id;
  DELETE FROM authz_role_assignments WHERE resource_type = 'organization' AND resource_id = OLD.id;
  INSERT INTO _authz_departures VALUES ('organization:' || OLD.id);
  DELETE FROM authz_groups WHERE organization = OLD.id;
  DELETE FROM authz_roles WHERE organization = OLD.id;
  DELETE FROM _authz_standings WHERE organization = OLD.id;
END;

CREATE TRIGGER _authz_organizations_deleted AFTER DELETE ON authz_organizations
BEGIN
  DELETE FROM _authz_attribute_holders WHERE organization = OLD.id;
  DELETE FROM authz_organization_domains WHERE organization = OLD.id;
  DELETE FROM authz_resources WHERE resource_type = 'organization' AND resource_id = OLD.id;
  INSERT INTO _authz_outbox (kind, event, id, name, description, external_id, metadata, created_at, updated_at)
  VALUES ('organization', 'organization.deleted', OLD.id, OLD.name, OLD.description, OLD.external_id, OLD.metadata, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_organization_domains_insert BEFORE INSERT ON authz_organization_domains
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_organization_domains
  WHERE id = NEW.id AND (organization, domain) <> (NEW.organization, NEW.domain);
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization))
      THEN RAISE(ABORT, 'organization_unknown: the organization of the domain is not registered; write its id as it stands in authz_organizations')
    WHEN NEW.state = 'verified' AND EXISTS (
      SELECT 1 FROM authz_organization_domains WHERE domain = NEW.domain AND state = 'verified' AND organization <> NEW.organization
    ) THEN RAISE(ABORT, 'organization_domain_conflict: the domain is verified for another organization; take it away from that one first')
  END;
END;

CREATE TRIGGER _authz_organization_domains_update BEFORE UPDATE ON authz_organization_domains
BEGIN
  SELECT CASE
    WHEN (NEW.id, NEW.organization, typeof(NEW.organization), NEW.domain, NEW.created_at)
        <> (OLD.id, OLD.organization, typeof(OLD.organization), OLD.domain, OLD.created_at)
      THEN RAISE(ABORT, 'organization_domain_immutable: id, organization, domain and created_at cannot change; insert another row and delete this one')
    WHEN NEW.state = 'verified' AND EXISTS (
      SELECT 1 FROM authz_organization_domains WHERE domain = NEW.domain AND state = 'verified' AND organization <> NEW.organization
    ) THEN RAISE(ABORT, 'organization_domain_conflict: the domain is verified for another organization; take it away from that one first')
  END;
END;

CREATE TRIGGER _authz_organization_domains_updated AFTER UPDATE OF state ON authz_organization_domains WHEN NEW.state <> OLD.state
BEGIN
  UPDATE authz_organization_domains SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE organization = NEW.organization AND domain = NEW.domain;
END;

---- Rules: users -----------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_users_insert BEFORE INSERT ON authz_users
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_users
  WHERE id = NEW.id OR lower(email) = lower(NEW.email) OR external_id = NEW.external_id;
  INSERT INTO _authz_text VALUES (NEW.id, printf('%s%s%s%s%s', NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata));
  INSERT INTO _authz_metadata VALUES (NEW.metadata);
  SELECT CASE WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE') END;
END;

CREATE TRIGGER _authz_users_inserted AFTER INSERT ON authz_users
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  VALUES ('user', 'user.created', NEW.id, NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_users_update BEFORE UPDATE ON authz_users
BEGIN
  INSERT INTO _authz_text VALUES (NULL, printf('%s%s%s%s%s', NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata));
  INSERT INTO _authz_metadata SELECT NEW.metadata WHERE NEW.metadata <> OLD.metadata;
  SELECT CASE
    WHEN (NEW.id, NEW.created_at) <> (OLD.id, OLD.created_at)
      THEN RAISE(ABORT, 'user_immutable: id and created_at of a user cannot change; create another and delete this one')
    WHEN EXISTS (SELECT 1 FROM authz_users WHERE lower(email) = lower(NEW.email) AND id <> OLD.id)
      THEN RAISE(ABORT, 'user_email_conflict: another user has that e-mail address; set the address of that one to NULL or to another first')
    WHEN EXISTS (SELECT 1 FROM authz_users WHERE external_id = NEW.external_id AND id <> OLD.id)
      THEN RAISE(ABORT, 'external_id_already_used: another user has that external id')
  END;
END;

CREATE TRIGGER _authz_users_updated AFTER UPDATE OF email, first_name, last_name, external_id, metadata ON authz_users
WHEN (NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata) IS NOT (OLD.email, OLD.first_name, OLD.last_name, OLD.external_id, OLD.metadata)
BEGIN
  UPDATE authz_users SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  VALUES ('user', 'user.updated', NEW.id, NEW.email, NEW.first_name, NEW.last_name, NEW.external_id, NEW.metadata, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  VALUES ('user', NULL, OLD.id, OLD.email, OLD.first_name, OLD.last_name, OLD.external_id, OLD.metadata, OLD.created_at, OLD.updated_at);
END;

-- With a user go the sessions, the memberships and all that the user holds.
CREATE TRIGGER _authz_users_delete BEFORE DELETE ON authz_users
BEGIN
  INSERT INTO _authz_signed_out VALUES (OLD.id, NULL);
  DELETE FROM _authz_sso_profiles WHERE user = OLD.id;
  DELETE FROM authz_relationships
  WHERE resource_type = 'user' AND resource_id IN (OLD.id, CAST(OLD.id AS INTEGER)) AND CAST(resource_id AS TEXT) = OLD.id;
  DELETE FROM authz_memberships WHERE user = OLD.id;
  INSERT INTO _authz_departures VALUES ('user:' || OLD.id);
END;

CREATE TRIGGER _authz_users_deleted AFTER DELETE ON authz_users
BEGIN
  DELETE FROM _authz_directory_people WHERE user = OLD.id;
  DELETE FROM _authz_known_users WHERE user = OLD.id;
  UPDATE authz_directory_users SET user = NULL WHERE user = OLD.id;
  DELETE FROM _authz_attribute_holders WHERE user = OLD.id;
  INSERT INTO _authz_outbox (kind, event, id, email, first_name, last_name, external_id, metadata, created_at, updated_at)
  VALUES ('user', 'user.deleted', OLD.id, OLD.email, OLD.first_name, OLD.last_name, OLD.external_id, OLD.metadata, OLD.created_at, OLD.updated_at);
END;

---- Rules: memberships -----------------------------------------------------------------------------------------------------------

-- Custom attributes come from what providers told: nobody writes anything but what they have to be.
CREATE TRIGGER _authz_memberships_insert BEFORE INSERT ON authz_memberships
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_memberships
  WHERE id = NEW.id OR user = NEW.user AND organization = NEW.organization;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NEW.user NOT IN (SELECT id FROM authz_users)
      THEN RAISE(ABORT, 'user_unknown: the user of the membership is not in authz_users; insert it first')
    WHEN NEW.organization NOT IN (SELECT id FROM authz_organizations)
      THEN RAISE(ABORT, 'organization_unknown: the organization of the membership is not registered; write its id as it stands in authz_organizations')
    WHEN NEW.custom_attributes <> '{}' AND NEW.custom_attributes IS NOT (
      SELECT shown FROM _authz_attribute_holders
      WHERE user = NEW.user AND organization = NEW.organization ORDER BY source, seen DESC LIMIT 1
    ) THEN RAISE(ABORT, 'custom_attributes_read_only: custom attributes come from directories and sign-ins; leave them out')
  END;
END;

-- A new membership holds its role before the event tells of it. One that comes later than what is known of its user takes that on, in an
-- event after that of its creation.
CREATE TRIGGER _authz_memberships_inserted AFTER INSERT ON authz_memberships
BEGIN
  DELETE FROM _authz_standings WHERE user = NEW.user AND organization = NEW.organization;
  INSERT INTO _authz_standings VALUES (NEW.user, NEW.organization, NEW.status = 'active');
  UPDATE authz_role_assignments SET expires_at = NULL
  WHERE subject = 'user:' || NEW.user AND resource_type = 'organization' AND resource_id = NEW.organization AND source = 'direct'
    AND role = ifnull(NEW.role, (SELECT slug FROM authz_roles WHERE is_default = 1)) AND expires_at IS NOT NULL;
  INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
  SELECT 'user:' || NEW.user, r.slug, 'organization', NEW.organization
  FROM (SELECT ifnull(NEW.role, (SELECT slug FROM authz_roles WHERE is_default = 1)) AS slug) AS r
  WHERE NOT EXISTS (
    SELECT 1 FROM authz_role_assignments AS a
    WHERE a.subject = 'user:' || NEW.user AND a.resource_type = 'organization' AND a.resource_id = NEW.organization AND a.role = r.slug
      AND a.expires_at IS NULL
  );
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  VALUES ('organization_membership', 'organization_membership.created', NEW.id, 'user:' || NEW.user, NEW.organization, NEW.status, NEW.directory_managed, NEW.custom_attributes,
    (SELECT roles FROM _authz_membership_roles WHERE id = NEW.id), NEW.created_at, NEW.updated_at);
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = NEW.id)
  WHERE id = NEW.id AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = NEW.id);
END;

CREATE TRIGGER _authz_memberships_update BEFORE UPDATE ON authz_memberships
BEGIN
  SELECT CASE
    WHEN (NEW.id, NEW.user, NEW.organization, typeof(NEW.organization), NEW.created_at, NEW.role)
        IS NOT (OLD.id, OLD.user, OLD.organization, typeof(OLD.organization), OLD.created_at, OLD.role)
      THEN RAISE(ABORT, 'membership_immutable: id, user, organization, role and created_at of a membership cannot change; grant and revoke roles, or delete it and create another')
    WHEN NEW.custom_attributes <> OLD.custom_attributes
        AND NEW.custom_attributes IS NOT (SELECT custom_attributes FROM _authz_membership_attributes WHERE id = OLD.id)
      THEN RAISE(ABORT, 'custom_attributes_read_only: custom attributes come from directories and sign-ins, and cannot be written')
  END;
END;

CREATE TRIGGER _authz_memberships_updated AFTER UPDATE OF status, directory_managed, custom_attributes ON authz_memberships
WHEN (NEW.status, NEW.directory_managed, NEW.custom_attributes) IS NOT (OLD.status, OLD.directory_managed, OLD.custom_attributes)
BEGIN
  INSERT INTO _authz_signed_out SELECT NEW.user, NEW.organization WHERE NEW.status <> 'active' AND OLD.status = 'active';
  UPDATE authz_memberships SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  UPDATE _authz_standings SET active = NEW.status = 'active'
  WHERE user = NEW.user AND organization = NEW.organization AND active <> (NEW.status = 'active');
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  VALUES ('organization_membership', 'organization_membership.updated', NEW.id, 'user:' || NEW.user, NEW.organization, NEW.status, NEW.directory_managed, NEW.custom_attributes,
    (SELECT roles FROM _authz_membership_roles WHERE id = NEW.id), NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  VALUES ('organization_membership', NULL, OLD.id, 'user:' || OLD.user, OLD.organization, OLD.status, OLD.directory_managed, OLD.custom_attributes,
    (SELECT roles FROM _authz_membership_roles WHERE id = NEW.id), OLD.created_at, OLD.updated_at);
END;

-- The user leaves the organization's groups while the membership is still there, for their events name it.
CREATE TRIGGER _authz_memberships_delete BEFORE DELETE ON authz_memberships
BEGIN
  INSERT INTO _authz_signed_out VALUES (OLD.user, OLD.organization);
  DELETE FROM authz_relationships
  WHERE subject = 'user:' || OLD.user AND EXISTS (
    SELECT 1 FROM authz_resources AS o
    WHERE o.resource_type = authz_relationships.resource_type AND o.resource_id = authz_relationships.resource_id
      AND o.organization = OLD.organization
  );
  INSERT INTO _authz_departing SELECT id, roles FROM _authz_membership_roles WHERE id = OLD.id;
  DELETE FROM authz_group_members
  WHERE subject = 'user:' || OLD.user AND EXISTS (SELECT 1 FROM authz_groups WHERE id = group_id AND organization = OLD.organization);
END;

-- The assignments go after it, for while it is there its last role stays. Whoever was shut out stays so.
CREATE TRIGGER _authz_memberships_deleted AFTER DELETE ON authz_memberships
BEGIN
  DELETE FROM _authz_standings WHERE user = OLD.user AND organization = OLD.organization AND active = 1;
  DELETE FROM _authz_attribute_holders WHERE user = OLD.user AND organization = OLD.organization;
  DELETE FROM authz_role_assignments
  WHERE subject = 'user:' || OLD.user AND EXISTS (
    SELECT 1 FROM authz_resources AS o
    WHERE o.resource_type = authz_role_assignments.resource_type AND o.resource_id = authz_role_assignments.resource_id
      AND o.organization = OLD.organization
  );
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, status, flag, metadata, roles, created_at, updated_at)
  VALUES ('organization_membership', 'organization_membership.deleted', OLD.id, 'user:' || OLD.user, OLD.organization, OLD.status, OLD.directory_managed, OLD.custom_attributes,
    (SELECT roles FROM _authz_departing WHERE id = OLD.id), OLD.created_at, OLD.updated_at);
  DELETE FROM _authz_departing WHERE id = OLD.id;
END;

-- A membership holds at least one role without an end.
CREATE TRIGGER _authz_role_assignments_delete_last BEFORE DELETE ON authz_role_assignments
WHEN OLD.resource_type = 'organization' AND OLD.expires_at IS NULL AND OLD.subject GLOB 'user:*'
BEGIN
  SELECT RAISE(ABORT, 'membership_role_required: a membership keeps at least one role without an end; grant another first, or delete the membership')
  WHERE EXISTS (SELECT 1 FROM authz_memberships WHERE user = substr(OLD.subject, 6) AND organization = OLD.resource_id) AND NOT EXISTS (
    SELECT 1 FROM authz_role_assignments
    WHERE subject = OLD.subject AND resource_type = 'organization' AND resource_id = OLD.resource_id AND expires_at IS NULL
      AND (role, source) <> (OLD.role, OLD.source)
  );
END;
CREATE TRIGGER _authz_role_assignments_expire_last BEFORE UPDATE OF expires_at ON authz_role_assignments
WHEN OLD.resource_type = 'organization' AND OLD.expires_at IS NULL AND NEW.expires_at IS NOT NULL AND OLD.subject GLOB 'user:*'
BEGIN
  SELECT RAISE(ABORT, 'membership_role_required: a membership keeps at least one role without an end; grant another first, or delete the membership')
  WHERE EXISTS (SELECT 1 FROM authz_memberships WHERE user = substr(OLD.subject, 6) AND organization = OLD.resource_id) AND NOT EXISTS (
    SELECT 1 FROM authz_role_assignments
    WHERE subject = OLD.subject AND resource_type = 'organization' AND resource_id = OLD.resource_id AND expires_at IS NULL
      AND (role, source) <> (OLD.role, OLD.source)
  );
END;

---- Members of groups ------------------------------------------------------------------------------------------------------------

-- A member of a group of an organization is told of with the membership.
DROP TRIGGER _authz_group_members_inserted;
CREATE TRIGGER _authz_group_members_inserted AFTER INSERT ON authz_group_members
BEGIN
  INSERT INTO _authz_named_groups VALUES ('group:' || NEW.group_id);
  INSERT INTO _authz_named_groups VALUES (NEW.subject);
  INSERT INTO _authz_outbox (kind, event, id, subject, membership)
  SELECT 'group_member', CASE WHEN membership IS NULL THEN 'group_member.created' ELSE 'group.member_added' END, NEW.group_id, NEW.subject, membership
  FROM (
    SELECT (SELECT m.id FROM authz_groups AS g JOIN authz_memberships AS m ON m.user = substr(NEW.subject, 6) AND m.organization = g.organization
      WHERE g.id = NEW.group_id AND NEW.subject GLOB 'user:*') AS membership
  );
END;

DROP TRIGGER _authz_group_members_event_deleted;
CREATE TRIGGER _authz_group_members_event_deleted AFTER DELETE ON authz_group_members
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, membership)
  SELECT 'group_member', CASE WHEN membership IS NULL THEN 'group_member.deleted' ELSE 'group.member_removed' END, OLD.group_id, OLD.subject, membership
  FROM (
    SELECT (SELECT m.id FROM authz_groups AS g JOIN authz_memberships AS m ON m.user = substr(OLD.subject, 6) AND m.organization = g.organization
      WHERE g.id = OLD.group_id AND OLD.subject GLOB 'user:*') AS membership
  );
END;

---- Rules: connections and sign-ins ----------------------------------------------------------------------------------------------

-- Another time of inactivity holds at once, also for sessions that are open; what is over by the old one ends by it.
CREATE TRIGGER _authz_settings_updated_sessions AFTER UPDATE OF value ON _authz_settings
WHEN NEW.name = 'session_inactivity_seconds' AND NEW.value <> OLD.value
BEGIN
  INSERT INTO _authz_due VALUES ('session');
  UPDATE _authz_sessions
  SET due_at = CASE NEW.value WHEN 0 THEN expires_at ELSE min(expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', last_active_at, '+' || NEW.value || ' seconds')) END
  WHERE status = 'active';
END;

CREATE TRIGGER _authz_connections_insert BEFORE INSERT ON authz_connections
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_connections WHERE id = NEW.id;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization))
      THEN RAISE(ABORT, 'organization_unknown: the organization of the connection is not registered; write its id as it stands in authz_organizations')
    WHEN NOT EXISTS (SELECT 1 FROM _authz_provider_types WHERE provider = 'connection' AND type = NEW.type)
      THEN RAISE(ABORT, 'connection_type: a type is one that WorkOS names, such as OktaSAML, GenericSAML or GenericOIDC')
  END;
END;

CREATE TRIGGER _authz_connections_update BEFORE UPDATE ON authz_connections
BEGIN
  SELECT RAISE(ABORT, 'connection_immutable: id, organization, type and created_at of a connection cannot change; create another and delete this one')
  WHERE (NEW.id, NEW.organization, typeof(NEW.organization), NEW.type, NEW.created_at) <> (OLD.id, OLD.organization, typeof(OLD.organization), OLD.type, OLD.created_at);
END;

CREATE TRIGGER _authz_connections_inserted AFTER INSERT ON authz_connections WHEN NEW.state = 'active'
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, source, name, status, created_at, updated_at)
  VALUES ('connection', 'connection.activated', NEW.id, NEW.organization, NEW.type, NEW.name, NEW.state, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_connections_updated AFTER UPDATE OF name, state, jit, timeout_seconds ON authz_connections
WHEN (NEW.name, NEW.state, NEW.jit, NEW.timeout_seconds) IS NOT (OLD.name, OLD.state, OLD.jit, OLD.timeout_seconds)
BEGIN
  UPDATE authz_connections SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, organization, source, name, status, created_at, updated_at)
  SELECT 'connection', CASE NEW.state WHEN 'active' THEN 'connection.activated' ELSE 'connection.deactivated' END, NEW.id, NEW.organization, NEW.type, NEW.name, NEW.state, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  WHERE NEW.state <> OLD.state;
END;

-- What is in progress through it ends first. What has ended stays, as history.
CREATE TRIGGER _authz_connections_delete BEFORE DELETE ON authz_connections
BEGIN
  UPDATE _authz_sso_sessions SET status = 'timed_out', ended_at = expires_at
  WHERE connection = OLD.id AND status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sso_sessions
  SET status = CASE origin WHEN 'test' THEN 'test_failed' ELSE 'failed' END, ended_at = max(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    error_code = 'connection_deleted', error_message = 'the connection was deleted'
  WHERE connection = OLD.id AND status = 'in_progress';
  DELETE FROM _authz_sso_profiles WHERE connection = OLD.id;
END;

-- What it told goes with it, and its mappings after that.
CREATE TRIGGER _authz_connections_deleted AFTER DELETE ON authz_connections
BEGIN
  DELETE FROM _authz_attribute_holders WHERE provider = OLD.id AND source = 'sso';
  DELETE FROM authz_attribute_mappings WHERE provider = OLD.id;
  INSERT INTO _authz_outbox (kind, event, id, organization, source, name, status, created_at, updated_at)
  VALUES ('connection', 'connection.deleted', OLD.id, OLD.organization, OLD.type, OLD.name, OLD.state, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_sso_sessions_insert BEFORE INSERT ON _authz_sso_sessions
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM _authz_sso_sessions WHERE id = NEW.id;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; start another session')
    WHEN NEW.status <> 'in_progress' OR NEW.ended_at IS NOT NULL OR NEW.error_code IS NOT NULL OR NEW.error_message IS NOT NULL
      THEN RAISE(ABORT, 'sso_session_state: a session begins in progress; insert it so and complete it afterwards')
    WHEN c.id IS NULL THEN RAISE(ABORT, 'connection_invalid: there is no such connection in authz_connections')
    WHEN (c.organization, typeof(c.organization)) IS NOT (NEW.organization, typeof(NEW.organization))
      THEN RAISE(ABORT, 'sso_session_organization: the organization of a session is that of its connection; leave it out')
    WHEN NEW.origin = 'idp' AND c.type NOT GLOB '*SAML'
      THEN RAISE(ABORT, 'sso_session_origin: only through a SAML connection can a sign-in begin at the identity provider')
    WHEN c.state <> 'active' AND NEW.origin <> 'test'
      THEN RAISE(ABORT, 'connection_unlinked: the connection is inactive; set its state to active, or start a test session')
    WHEN NEW.user IS NOT NULL AND NEW.user NOT IN (SELECT id FROM authz_users) THEN RAISE(ABORT, 'user_unknown: the user of the session is not in authz_users')
  END
  FROM (SELECT 1) LEFT JOIN authz_connections AS c ON c.id = NEW.connection;
END;

CREATE TRIGGER _authz_sso_sessions_update BEFORE UPDATE ON _authz_sso_sessions
BEGIN
  SELECT CASE
    WHEN OLD.status <> 'in_progress' AND (NEW.status, NEW.ip_address, NEW.user_agent, NEW.user, NEW.email, NEW.ended_at, NEW.error_code, NEW.error_message, NEW.request, NEW.response)
        IS NOT (OLD.status, OLD.ip_address, OLD.user_agent, OLD.user, OLD.email, OLD.ended_at, OLD.error_code, OLD.error_message, OLD.request, OLD.response)
      THEN CASE OLD.status
        WHEN 'timed_out' THEN RAISE(ABORT, 'sso_session_timed_out: the session was not completed in time and never changes again; start another')
        ELSE RAISE(ABORT, 'sso_session_ended: an ended session never changes again; start another') END
    WHEN (NEW.id, NEW.organization, typeof(NEW.organization), NEW.connection, NEW.origin, NEW.started_at, NEW.expires_at)
        IS NOT (OLD.id, OLD.organization, typeof(OLD.organization), OLD.connection, OLD.origin, OLD.started_at, OLD.expires_at)
      THEN RAISE(ABORT, 'sso_session_immutable: id, organization, connection, origin, started_at and expires_at of a session cannot change; start another')
    WHEN NEW.user IS NOT OLD.user AND NEW.user IS NOT NULL AND NEW.user NOT IN (SELECT id FROM authz_users)
      THEN RAISE(ABORT, 'user_unknown: the user of the session is not in authz_users')
    WHEN OLD.status <> 'in_progress' THEN NULL
    WHEN NEW.status = 'in_progress' THEN CASE WHEN NEW.ended_at IS NOT NULL OR NEW.error_code IS NOT NULL OR NEW.error_message IS NOT NULL
      THEN RAISE(ABORT, 'sso_session_state: a session that is in progress has no ended_at, error_code or error_message yet; set its status with them') END
    WHEN OLD.origin = 'test' AND NEW.status NOT IN ('test_successful', 'test_failed')
      THEN RAISE(ABORT, 'sso_session_state: a test session ends as test_successful or test_failed')
    WHEN OLD.origin <> 'test' AND NEW.status NOT IN ('success', 'failed', 'timed_out')
      THEN RAISE(ABORT, 'sso_session_state: a session ends as success, failed or timed_out, and as test_successful or test_failed only when its origin is test')
    WHEN NEW.status IN ('success', 'failed') AND NEW.ended_at >= OLD.expires_at
      THEN RAISE(ABORT, 'sso_session_timed_out: the session was not completed in time; start another')
    WHEN NEW.status = 'timed_out' AND ifnull(NEW.ended_at < OLD.expires_at, 1)
      THEN RAISE(ABORT, 'sso_session_state: the session has not timed out yet')
    WHEN ifnull(NEW.ended_at < OLD.started_at, 1) THEN RAISE(ABORT, 'sso_session_state: a session ends after it has started')
    WHEN NEW.status IN ('success', 'test_successful') AND ifnull(NEW.email NOT GLOB '?*@?*', 1)
      THEN RAISE(ABORT, 'sso_session_email: a success needs the e-mail address of the profile; set email with it')
    WHEN (NEW.status IN ('failed', 'test_failed')) <> (NEW.error_code IS NOT NULL AND NEW.error_message IS NOT NULL)
        OR NEW.status NOT IN ('failed', 'test_failed') AND (NEW.error_code IS NOT NULL OR NEW.error_message IS NOT NULL)
      THEN RAISE(ABORT, 'sso_session_error: only a session that failed has error_code and error_message, and it needs both')
    WHEN NEW.status = 'success' AND (SELECT state FROM authz_connections WHERE id = OLD.connection) <> 'active'
      THEN RAISE(ABORT, 'connection_unlinked: the connection has become inactive; the sign-in can only fail')
  END;
END;

CREATE TRIGGER _authz_sso_sessions_delete BEFORE DELETE ON _authz_sso_sessions WHEN OLD.status = 'in_progress'
BEGIN
  SELECT RAISE(ABORT, 'sso_session_in_progress: the session is in progress; end it first, by status failed for one');
END;

CREATE TRIGGER _authz_sso_sessions_event_started AFTER INSERT ON _authz_sso_sessions
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, connection, status, ip_address, user_agent, subject, email)
  VALUES ('sso_session', CASE NEW.origin WHEN 'test' THEN 'authentication.sso_test_started' ELSE 'authentication.sso_started' END, NEW.id,
    NEW.organization, NEW.connection, 'started', NEW.ip_address, NEW.user_agent, 'user:' || NEW.user, NEW.email);
END;

CREATE TRIGGER _authz_sso_sessions_event_ended AFTER UPDATE OF status ON _authz_sso_sessions WHEN NEW.status <> OLD.status
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, connection, status, ip_address, user_agent, subject, email, error_code, error_message)
  VALUES ('sso_session',
    'authentication.sso_' || CASE NEW.status WHEN 'success' THEN 'succeeded' WHEN 'test_successful' THEN 'test_succeeded' ELSE NEW.status END,
    NEW.id, NEW.organization, NEW.connection,
    CASE NEW.status WHEN 'success' THEN 'succeeded' WHEN 'test_successful' THEN 'succeeded' WHEN 'timed_out' THEN 'timed_out' ELSE 'failed' END,
    NEW.ip_address, NEW.user_agent, 'user:' || NEW.user, NEW.email,
    CASE NEW.status WHEN 'timed_out' THEN 'sso_timed_out' ELSE NEW.error_code END,
    CASE NEW.status WHEN 'timed_out' THEN 'the sign-in was not completed in time' ELSE NEW.error_message END);
END;

CREATE TRIGGER _authz_sso_sessions_view_insert INSTEAD OF INSERT ON authz_sso_sessions
BEGIN
  INSERT INTO _authz_due VALUES ('sign-in');
  SELECT RAISE(ABORT, 'sso_session_unmasked: request and response are masked before they are stored, which plain SQL cannot do; pass them to authz_sso_start and its like')
  WHERE NEW.request IS NOT NULL OR NEW.response IS NOT NULL;
  INSERT INTO _authz_sso_sessions
    (id, organization, connection, origin, status, ip_address, user_agent, user, email, started_at, expires_at, ended_at, error_code, error_message)
  SELECT
    ifnull(NEW.id, 'sso_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(7))),
    ifnull(NEW.organization, (SELECT organization FROM authz_connections WHERE id = NEW.connection)),
    NEW.connection, ifnull(NEW.origin, 'sp'), ifnull(NEW.status, 'in_progress'), NEW.ip_address, NEW.user_agent, NEW.user, NEW.email, s.started_at,
    CASE WHEN NEW.origin IS 'test' THEN NEW.expires_at ELSE ifnull(NEW.expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', s.started_at,
      '+' || ifnull((SELECT timeout_seconds FROM authz_connections WHERE id = NEW.connection), 300) || ' seconds')) END,
    NEW.ended_at, NEW.error_code, NEW.error_message
  FROM (SELECT ifnull(NEW.started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) AS started_at) AS s;
END;

CREATE TRIGGER _authz_sso_sessions_view_update INSTEAD OF UPDATE ON authz_sso_sessions
BEGIN
  INSERT INTO _authz_due VALUES ('sign-in');
  SELECT RAISE(ABORT, 'sso_session_unmasked: request and response are masked before they are stored, which plain SQL cannot do; pass them to authz_sso_start and its like')
  WHERE NEW.request IS NOT OLD.request OR NEW.response IS NOT OLD.response;
  UPDATE _authz_sso_sessions SET
    id = NEW.id, organization = NEW.organization, connection = NEW.connection, origin = NEW.origin, status = NEW.status,
    ip_address = NEW.ip_address, user_agent = NEW.user_agent, user = NEW.user, email = NEW.email, started_at = NEW.started_at,
    expires_at = NEW.expires_at,
    ended_at = CASE WHEN NEW.ended_at IS NULL AND NEW.status <> 'in_progress' AND status = 'in_progress'
      THEN max(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ELSE NEW.ended_at END,
    -- those of a timeout are shown and not stored
    error_code = CASE WHEN NEW.error_code IS NOT OLD.error_code THEN NEW.error_code
      WHEN status = 'in_progress' AND NEW.status IN ('failed', 'test_failed') THEN 'server_error' ELSE error_code END,
    error_message = CASE WHEN NEW.error_message IS NOT OLD.error_message THEN NEW.error_message
      WHEN status = 'in_progress' AND NEW.status IN ('failed', 'test_failed') THEN 'the sign-in failed' ELSE error_message END
  WHERE id = OLD.id;
END;

CREATE TRIGGER _authz_sso_sessions_view_delete INSTEAD OF DELETE ON authz_sso_sessions
BEGIN
  INSERT INTO _authz_due VALUES ('sign-in');
  DELETE FROM _authz_sso_sessions WHERE id = OLD.id;
END;

---- Rules: sessions of the application ---------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_sessions_insert BEFORE INSERT ON _authz_sessions
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM _authz_sessions WHERE id = NEW.id;
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; start another session')
    WHEN NEW.status <> 'active' OR NEW.ended_at IS NOT NULL
      THEN RAISE(ABORT, 'session_state: a session begins active; insert it so and end it afterwards')
    WHEN NEW.user IS NOT NULL AND NEW.user NOT IN (SELECT id FROM authz_users) THEN RAISE(ABORT, 'user_unknown: the user of the session is not in authz_users')
    WHEN NEW.organization IS NULL THEN NULL
    WHEN NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization))
      THEN RAISE(ABORT, 'organization_unknown: the organization of the session is not registered; write its id as it stands in authz_organizations')
    WHEN NOT EXISTS (SELECT 1 FROM authz_memberships WHERE user = NEW.user AND organization = NEW.organization AND status = 'active')
      THEN RAISE(ABORT, 'membership_inactive: the user has no active membership in the organization of the session')
  END;
END;

CREATE TRIGGER _authz_sessions_update BEFORE UPDATE ON _authz_sessions
BEGIN
  SELECT CASE
    WHEN OLD.status <> 'active' AND (NEW.status, NEW.ip_address, NEW.user_agent, NEW.last_active_at, NEW.due_at, NEW.ended_at, NEW.updated_at)
        IS NOT (OLD.status, OLD.ip_address, OLD.user_agent, OLD.last_active_at, OLD.due_at, OLD.ended_at, OLD.updated_at)
      THEN RAISE(ABORT, 'session_ended: an ended session never changes again; start another')
    WHEN (NEW.id, NEW.user, NEW.organization, typeof(NEW.organization), NEW.auth_method, NEW.impersonator, NEW.expires_at, NEW.created_at)
        IS NOT (OLD.id, OLD.user, OLD.organization, typeof(OLD.organization), OLD.auth_method, OLD.impersonator, OLD.expires_at, OLD.created_at)
      THEN RAISE(ABORT, 'session_immutable: only status, last_active_at, ip_address and user_agent of a session can change; start another')
    WHEN OLD.status <> 'active' THEN NULL
    WHEN NEW.status = 'active' THEN CASE WHEN NEW.ended_at IS NOT NULL
      THEN RAISE(ABORT, 'session_state: a session that is active has no ended_at; set its status with it') END
    WHEN NEW.status NOT IN ('expired', 'revoked') THEN RAISE(ABORT, 'session_state: a session ends as expired or revoked')
    WHEN NEW.status = 'expired' AND ifnull(NEW.ended_at < OLD.due_at, 1)
      THEN RAISE(ABORT, 'session_state: the session has not expired yet; end it as revoked')
    WHEN NEW.status = 'revoked' AND NEW.ended_at >= OLD.due_at THEN RAISE(ABORT, 'session_ended: the session has expired already')
    WHEN ifnull(NEW.ended_at < OLD.created_at, 1) THEN RAISE(ABORT, 'session_state: a session ends after it was created')
  END;
END;

CREATE TRIGGER _authz_sessions_delete BEFORE DELETE ON _authz_sessions WHEN OLD.status = 'active'
BEGIN
  SELECT RAISE(ABORT, 'session_active: the session is active; revoke it first');
END;

CREATE TRIGGER _authz_sessions_event_created AFTER INSERT ON _authz_sessions
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, auth_method, status, ip_address, user_agent, impersonator, expires_at, ended_at, created_at, updated_at)
  VALUES ('session', 'session.created', NEW.id, 'user:' || NEW.user, NEW.organization, NEW.auth_method, NEW.status, NEW.ip_address, NEW.user_agent, NEW.impersonator, NEW.expires_at, NEW.ended_at, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_sessions_event_ended AFTER UPDATE OF status ON _authz_sessions WHEN NEW.status <> OLD.status
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, organization, auth_method, status, ip_address, user_agent, impersonator, expires_at, ended_at, created_at, updated_at)
  VALUES ('session', 'session.' || NEW.status, NEW.id, 'user:' || NEW.user, NEW.organization, NEW.auth_method, NEW.status, NEW.ip_address, NEW.user_agent, NEW.impersonator, NEW.expires_at, NEW.ended_at, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_sessions_view_insert INSTEAD OF INSERT ON authz_sessions
BEGIN
  INSERT INTO _authz_due VALUES ('session');
  INSERT INTO _authz_sessions
    (id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at, due_at, ended_at, created_at, updated_at)
  SELECT
    ifnull(NEW.id, 'session_' || printf('%012X', (julianday('now') - 2440587.5) * 86400000) || hex(randomblob(16))),
    NEW.user, NEW.organization, ifnull(NEW.auth_method, 'unknown'), ifnull(NEW.status, 'active'), NEW.ip_address, NEW.user_agent,
    NEW.impersonator, s.last_active_at, s.expires_at,
    CASE s.inactivity_seconds WHEN 0 THEN s.expires_at
      ELSE min(s.expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', s.last_active_at, '+' || s.inactivity_seconds || ' seconds')) END,
    NEW.ended_at, s.created_at, ifnull(NEW.updated_at, s.created_at)
  FROM (
    SELECT c.created_at, ifnull(NEW.last_active_at, c.created_at) AS last_active_at, t.inactivity_seconds,
      ifnull(NEW.expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', c.created_at, '+' || t.max_seconds || ' seconds')) AS expires_at
    FROM _authz_session_settings AS t, (SELECT ifnull(NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) AS created_at) AS c
  ) AS s;
END;

CREATE TRIGGER _authz_sessions_view_update INSTEAD OF UPDATE ON authz_sessions
BEGIN
  INSERT INTO _authz_due VALUES ('session');
  UPDATE _authz_sessions SET
    id = NEW.id, user = NEW.user, organization = NEW.organization, auth_method = NEW.auth_method, status = NEW.status,
    ip_address = NEW.ip_address, user_agent = NEW.user_agent, impersonator = NEW.impersonator,
    -- only forward: an earlier time takes nothing back
    last_active_at = max(last_active_at, NEW.last_active_at), expires_at = NEW.expires_at,
    due_at = CASE WHEN NEW.last_active_at <= last_active_at THEN due_at
      ELSE (SELECT CASE inactivity_seconds WHEN 0 THEN expires_at
        ELSE min(expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', NEW.last_active_at, '+' || inactivity_seconds || ' seconds')) END
        FROM _authz_session_settings) END,
    ended_at = CASE WHEN NEW.ended_at IS NULL AND NEW.status <> 'active' AND status = 'active'
      THEN max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ELSE NEW.ended_at END,
    created_at = NEW.created_at,
    updated_at = CASE WHEN NEW.updated_at IS NOT OLD.updated_at THEN NEW.updated_at
      WHEN NEW.status <> 'active' AND status = 'active'
      THEN ifnull(NEW.ended_at, max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) ELSE updated_at END
  WHERE id = OLD.id;
END;

CREATE TRIGGER _authz_sessions_view_delete INSTEAD OF DELETE ON authz_sessions
BEGIN
  INSERT INTO _authz_due VALUES ('session');
  DELETE FROM _authz_sessions WHERE id = OLD.id;
END;

---- Rules: attributes --------------------------------------------------------------------------------------------------------------

-- Definitions and mappings change what is stored with each holder, which takes JSON: so a call of the library writes them.
CREATE TRIGGER _authz_attribute_definitions_insert BEFORE INSERT ON authz_attribute_definitions WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a definition; SELECT authz_define_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_definitions_update BEFORE UPDATE ON authz_attribute_definitions WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a definition; SELECT authz_define_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_definitions_delete BEFORE DELETE ON authz_attribute_definitions WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a definition; SELECT authz_undefine_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_mappings_insert BEFORE INSERT ON authz_attribute_mappings WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a mapping; SELECT authz_map_attribute() does both');
END;
CREATE TRIGGER _authz_attribute_mappings_update BEFORE UPDATE ON authz_attribute_mappings WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a mapping; SELECT authz_map_attribute() does both');
END;
-- Those of a provider that goes with all its holders have nothing left to say.
CREATE TRIGGER _authz_attribute_mappings_delete BEFORE DELETE ON authz_attribute_mappings WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
  AND EXISTS (SELECT 1 FROM _authz_attribute_holders WHERE provider = OLD.provider)
BEGIN
  SELECT RAISE(ABORT, 'attribute_read_only: values are worked out anew with a mapping; SELECT authz_map_attribute() with a NULL path does both');
END;

-- Something else is known of a user in an organization: insert both here, and the membership shows it.
CREATE VIEW _authz_told (user, organization) AS SELECT NULL, NULL;
CREATE TRIGGER _authz_told_insert INSTEAD OF INSERT ON _authz_told WHEN NEW.user IS NOT NULL
BEGIN
  UPDATE authz_memberships
  SET custom_attributes = (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id)
  WHERE user = NEW.user AND organization = NEW.organization
    AND custom_attributes <> (SELECT a.custom_attributes FROM _authz_membership_attributes AS a WHERE a.id = authz_memberships.id);
END;

-- A directory user shows the attributes that follow from it, and so does the membership.
CREATE TRIGGER _authz_attribute_holders_inserted AFTER INSERT ON _authz_attribute_holders
BEGIN
  UPDATE authz_directory_users SET custom_attributes = NEW.shown
  WHERE NEW.source = 'directory' AND id = NEW.key AND directory = NEW.provider AND custom_attributes <> NEW.shown;
  INSERT INTO _authz_told VALUES (NEW.user, NEW.organization);
END;

CREATE TRIGGER _authz_attribute_holders_updated AFTER UPDATE ON _authz_attribute_holders
BEGIN
  UPDATE authz_directory_users SET custom_attributes = NEW.shown
  WHERE NEW.source = 'directory' AND id = NEW.key AND directory = NEW.provider AND custom_attributes <> NEW.shown;
  INSERT INTO _authz_told SELECT OLD.user, OLD.organization WHERE OLD.user IS NOT NEW.user;
  INSERT INTO _authz_told VALUES (NEW.user, NEW.organization);
END;

CREATE TRIGGER _authz_attribute_holders_deleted AFTER DELETE ON _authz_attribute_holders
BEGIN
  INSERT INTO _authz_told VALUES (OLD.user, OLD.organization);
END;

---- Rules: directories -------------------------------------------------------------------------------------------------------------

-- Who is who and what a provider may say is decided by the library, so these rows are written by its functions alone; any client reads
-- them. What follows from a row (the group that stands for a directory group, its members, the status of a membership, every event) is
-- done by triggers, so that deleting a row in plain SQL does all that the library would.

CREATE TRIGGER _authz_directories_insert BEFORE INSERT ON authz_directories
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe SELECT 1, 1 FROM authz_directories WHERE id = NEW.id;
  INSERT INTO _authz_text VALUES (NEW.id, NEW.name);
  SELECT CASE
    WHEN (SELECT replaced FROM _authz_replace_probe) THEN RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row without its delete triggers; use UPDATE or ON CONFLICT DO UPDATE')
    WHEN NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization))
      THEN RAISE(ABORT, 'organization_unknown: the organization of the directory is not registered; write its id as it stands in authz_organizations')
    WHEN NOT EXISTS (SELECT 1 FROM _authz_provider_types WHERE provider = 'directory' AND type = NEW.type)
      THEN RAISE(ABORT, 'directory_type: the type is one that WorkOS names, such as generic scim v2.0')
  END;
END;

CREATE TRIGGER _authz_directories_inserted AFTER INSERT ON authz_directories
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  VALUES ('directory', CASE NEW.state WHEN 'active' THEN 'dsync.activated' ELSE 'authz_directory.created' END, NEW.id, NEW.organization, NEW.name, NEW.type, NEW.state, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_directories_update BEFORE UPDATE ON authz_directories
BEGIN
  SELECT CASE
    WHEN (NEW.id, NEW.organization, typeof(NEW.organization), NEW.created_at) <> (OLD.id, OLD.organization, typeof(OLD.organization), OLD.created_at)
      THEN RAISE(ABORT, 'directory_immutable: id, organization and created_at of a directory cannot change; remove it and put another')
    WHEN NOT EXISTS (SELECT 1 FROM _authz_provider_types WHERE provider = 'directory' AND type = NEW.type)
      THEN RAISE(ABORT, 'directory_type: the type is one that WorkOS names, such as generic scim v2.0')
  END;
END;

-- That it is being deleted is told by the deletion.
CREATE TRIGGER _authz_directories_updated AFTER UPDATE OF name, type, state ON authz_directories
WHEN (NEW.name, NEW.type, NEW.state) <> (OLD.name, OLD.type, OLD.state) AND NEW.state <> 'deleting'
BEGIN
  UPDATE authz_directories SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  VALUES ('directory', CASE WHEN NEW.state = 'active' AND OLD.state <> 'active' THEN 'dsync.activated' ELSE 'authz_directory.updated' END, NEW.id, NEW.organization, NEW.name, NEW.type, NEW.state, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  VALUES ('directory', NULL, OLD.id, OLD.organization, OLD.name, OLD.type, OLD.state, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_directories_delete BEFORE DELETE ON authz_directories
BEGIN
  SELECT RAISE(ABORT, 'directory_in_use: the directory has users or groups; SELECT authz_remove_directory(id) removes them with it')
  WHERE OLD.id IN (SELECT directory FROM authz_directory_users) OR OLD.id IN (SELECT directory FROM authz_directory_groups);
  DELETE FROM _authz_directory_people WHERE directory = OLD.id;
END;

CREATE TRIGGER _authz_directories_deleted AFTER DELETE ON authz_directories
BEGIN
  DELETE FROM authz_attribute_mappings WHERE provider = OLD.id;
  INSERT INTO _authz_outbox (kind, event, id, organization, name, type, status, created_at, updated_at)
  VALUES ('directory', 'dsync.deleted', OLD.id, OLD.organization, OLD.name, OLD.type, 'deleting', OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_directory_users_insert BEFORE INSERT ON authz_directory_users WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'directory_read_only: users of a directory come from its provider; SELECT authz_scim(directory, method, path, body)');
END;

CREATE TRIGGER _authz_directory_users_inserted AFTER INSERT ON authz_directory_users
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata, created_at, updated_at)
  VALUES ('directory_user', 'dsync.user.created', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.email, NEW.username, NEW.first_name, NEW.last_name, NEW.state, NEW.raw_attributes, NEW.custom_attributes, NEW.created_at, NEW.updated_at);
END;

-- That nobody stands behind it any more is told by the user that goes.
CREATE TRIGGER _authz_directory_users_update BEFORE UPDATE ON authz_directory_users
BEGIN
  SELECT CASE
    WHEN (NEW.id, NEW.directory, NEW.organization, NEW.created_at) <> (OLD.id, OLD.directory, OLD.organization, OLD.created_at)
      THEN RAISE(ABORT, 'directory_user_immutable: id, directory, organization and created_at of a directory user cannot change')
    WHEN NOT EXISTS (SELECT 1 FROM _authz_call) AND (
      (NEW.idp_id, NEW.email, NEW.username, NEW.first_name, NEW.last_name, NEW.state, NEW.raw_attributes, NEW.custom_attributes, NEW.username_key, NEW.revision, NEW.updated_at)
        IS NOT (OLD.idp_id, OLD.email, OLD.username, OLD.first_name, OLD.last_name, OLD.state, OLD.raw_attributes, OLD.custom_attributes, OLD.username_key, OLD.revision, OLD.updated_at)
      OR NEW.user IS NOT OLD.user AND EXISTS (SELECT 1 FROM authz_users WHERE id = OLD.user OR id = NEW.user))
      THEN RAISE(ABORT, 'directory_read_only: users of a directory come from its provider; SELECT authz_scim(directory, method, path, body)')
  END;
END;

CREATE TRIGGER _authz_directory_users_updated AFTER UPDATE OF idp_id, email, username, first_name, last_name, state, raw_attributes, custom_attributes ON authz_directory_users
WHEN (NEW.idp_id, NEW.email, NEW.username, NEW.first_name, NEW.last_name, NEW.state, NEW.raw_attributes, NEW.custom_attributes)
  IS NOT (OLD.idp_id, OLD.email, OLD.username, OLD.first_name, OLD.last_name, OLD.state, OLD.raw_attributes, OLD.custom_attributes)
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata, created_at, updated_at)
  VALUES ('directory_user', 'dsync.user.updated', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.email, NEW.username, NEW.first_name, NEW.last_name, NEW.state, NEW.raw_attributes, NEW.custom_attributes, NEW.created_at, NEW.updated_at);
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata, created_at, updated_at)
  VALUES ('directory_user', NULL, OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.email, OLD.username, OLD.first_name, OLD.last_name, OLD.state, OLD.raw_attributes, OLD.custom_attributes, OLD.created_at, OLD.updated_at);
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
  DELETE FROM _authz_attribute_holders WHERE provider = OLD.directory AND source = 'directory' AND key = OLD.id AND organization = OLD.organization;
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, email, username, first_name, last_name, status, raw_attributes, metadata, created_at, updated_at)
  VALUES ('directory_user', 'dsync.user.deleted', OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.email, OLD.username, OLD.first_name, OLD.last_name, OLD.state, OLD.raw_attributes, OLD.custom_attributes, OLD.created_at, OLD.updated_at);
  UPDATE authz_memberships SET status = 'inactive'
  WHERE user = OLD.user AND organization = OLD.organization AND status <> 'inactive'
    AND NOT (
      EXISTS (SELECT 1 FROM authz_directories WHERE id = OLD.directory AND state = 'deleting')
      AND (OLD.state <> 'active' OR EXISTS (
        SELECT 1 FROM authz_directory_users AS other JOIN authz_directories AS d ON d.id = other.directory
        WHERE other.user = OLD.user AND other.organization = OLD.organization AND other.state = 'active' AND d.state = 'active'))
    );
END;

CREATE TRIGGER _authz_directory_groups_insert BEFORE INSERT ON authz_directory_groups WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
BEGIN
  SELECT RAISE(ABORT, 'directory_read_only: groups of a directory come from its provider; SELECT authz_scim(directory, method, path, body)');
END;

CREATE TRIGGER _authz_directory_groups_inserted AFTER INSERT ON authz_directory_groups
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  VALUES ('directory_group', 'dsync.group.created', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.name, NEW.raw_attributes, NEW.created_at, NEW.updated_at);
  INSERT INTO authz_groups (id, organization, name) VALUES (NEW.group_id, NEW.organization, NEW.name);
END;

CREATE TRIGGER _authz_directory_groups_update BEFORE UPDATE ON authz_directory_groups
BEGIN
  SELECT CASE
    WHEN (NEW.id, NEW.directory, NEW.organization, NEW.group_id, NEW.created_at) <> (OLD.id, OLD.directory, OLD.organization, OLD.group_id, OLD.created_at)
      THEN RAISE(ABORT, 'directory_group_immutable: id, directory, organization, group_id and created_at of a directory group cannot change')
    WHEN NOT EXISTS (SELECT 1 FROM _authz_call) THEN RAISE(ABORT, 'directory_read_only: groups of a directory come from its provider; SELECT authz_scim(directory, method, path, body)')
  END;
END;

CREATE TRIGGER _authz_directory_groups_updated AFTER UPDATE OF idp_id, name, raw_attributes ON authz_directory_groups
WHEN (NEW.idp_id, NEW.name, NEW.raw_attributes) <> (OLD.idp_id, OLD.name, OLD.raw_attributes)
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  VALUES ('directory_group', 'dsync.group.updated', NEW.id, NEW.directory, NEW.organization, NEW.idp_id, NEW.name, NEW.raw_attributes, NEW.created_at, NEW.updated_at);
  INSERT INTO _authz_outbox (kind, event, id, directory, organization, idp_id, name, raw_attributes, created_at, updated_at)
  VALUES ('directory_group', NULL, OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.name, OLD.raw_attributes, OLD.created_at, OLD.updated_at);
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
  VALUES ('directory_group', 'dsync.group.deleted', OLD.id, OLD.directory, OLD.organization, OLD.idp_id, OLD.name, OLD.raw_attributes, OLD.created_at, OLD.updated_at);
  DELETE FROM authz_groups WHERE id = OLD.group_id;
END;

CREATE TRIGGER _authz_groups_deleted_directory_group AFTER DELETE ON authz_groups
BEGIN
  DELETE FROM authz_directory_groups WHERE group_id = OLD.id;
END;

CREATE TRIGGER _authz_directory_group_members_insert BEFORE INSERT ON authz_directory_group_members WHEN NOT EXISTS (SELECT 1 FROM _authz_call)
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

-- The event names user and group; authz_events shows them as they were.
CREATE TRIGGER _authz_directory_group_members_inserted AFTER INSERT ON authz_directory_group_members
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, directory)
  SELECT 'directory_group_user', 'dsync.group.user_added', NEW.directory_group, NEW.member, directory FROM authz_directory_users WHERE id = NEW.member;
  INSERT INTO authz_group_members (group_id, subject)
  SELECT g.group_id, s.subject
  FROM authz_directory_groups AS g JOIN _authz_directory_subjects AS s ON s.member = NEW.member
  WHERE g.id = NEW.directory_group
    AND NOT EXISTS (SELECT 1 FROM authz_group_members WHERE group_id = g.group_id AND subject = s.subject);
END;

CREATE TRIGGER _authz_directory_group_members_deleted AFTER DELETE ON authz_directory_group_members
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, subject, directory)
  SELECT 'directory_group_user', 'dsync.group.user_removed', OLD.directory_group, OLD.member, directory FROM authz_directory_users WHERE id = OLD.member;
  DELETE FROM authz_group_members
  WHERE group_id = (SELECT group_id FROM authz_directory_groups WHERE id = OLD.directory_group)
    AND subject IN (
      SELECT 'user:' || user FROM authz_directory_users WHERE id = OLD.member AND user IS NOT NULL
      UNION ALL SELECT 'group:' || group_id FROM authz_directory_groups WHERE id = OLD.member);
END;

DROP VIEW _authz_directory_now;
CREATE VIEW _authz_directory_now (id, directory, organization, idp_id, email, first_name, last_name, username, status, raw_attributes, metadata, name,
  created_at, updated_at) AS
SELECT id, directory, organization, idp_id, email, first_name, last_name, username, state, raw_attributes, custom_attributes, NULL, created_at, updated_at
FROM authz_directory_users
UNION ALL
SELECT id, directory, organization, idp_id, NULL, NULL, NULL, NULL, NULL, raw_attributes, NULL, name, created_at, updated_at FROM authz_directory_groups;

-- A directory group is given roles on its own organization and on what lies below it.
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

---- What is there from the start -------------------------------------------------------------------------------------------------

-- Organizations that were registered as resources before this system came.
INSERT INTO authz_organizations (id, name, description, created_at, updated_at)
SELECT resource_id, name, description, created_at, updated_at FROM authz_resources WHERE resource_type = 'organization';

-- The default role.
INSERT INTO authz_roles (slug, name, description, is_default)
SELECT 'member', 'Member', 'Held by every member of an organization', NOT EXISTS (SELECT 1 FROM authz_roles WHERE is_default = 1)
WHERE NOT EXISTS (SELECT 1 FROM authz_roles WHERE slug = 'member' AND organization IS NULL);
UPDATE authz_roles SET is_default = 1
WHERE slug = 'member' AND organization IS NULL AND resource_type = 'organization'
  AND NOT EXISTS (SELECT 1 FROM authz_roles WHERE is_default = 1);
