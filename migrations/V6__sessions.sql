-- Signing in: connections to identity providers, the sign-ins through them, and the sessions of the application.
--
-- A session that is over by the clock must never be read as going on, though nobody has written that down yet. So the two public
-- relations of sessions are views that compare with the clock, over tables of what was recorded; writes to a view go through its triggers
-- into the table. Each of them first records what is due. The rules stand at the tables and judge by the columns of the row alone: a
-- connection may have moved its clock forward, of which the file knows nothing.

INSERT INTO _authz_schema (version, name) VALUES (6, 'sessions');

---- Connections ------------------------------------------------------------------------------------------------------------------

CREATE TABLE authz_connections (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('conn_' || lower(hex(randomblob(13)))),
  organization ANY NOT NULL,
  -- in the names of the reference, such as OktaSAML
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
  CONSTRAINT "a type is one that the reference names, such as OktaSAML, GenericSAML or GenericOIDC" CHECK (type IN (
    'ADFSSAML', 'AdpOidc', 'AppleOAuth', 'Auth0Migration', 'Auth0SAML', 'AzureSAML', 'BitbucketOAuth', 'CasSAML', 'ClassLinkSAML',
    'CleverOIDC', 'CloudflareSAML', 'CyberArkSAML', 'DiscordOAuth', 'DuoSAML', 'EntraIdOIDC', 'GenericOIDC', 'GenericSAML', 'GitHubOAuth',
    'GitLabOAuth', 'GoogleOAuth', 'GoogleOIDC', 'GoogleSAML', 'GrokOAuth', 'IntuitOAuth', 'JumpCloudSAML', 'KeycloakSAML', 'LastPassSAML',
    'LinkedInOAuth', 'LoginGovOidc', 'MagicLink', 'MicrosoftOAuth', 'MiniOrangeSAML', 'NetIqSAML', 'OktaOIDC', 'OktaSAML', 'OneLoginSAML',
    'OracleSAML', 'PingFederateSAML', 'PingOneSAML', 'RipplingSAML', 'SalesforceOAuth', 'SalesforceSAML', 'ShibbolethGenericSAML',
    'ShibbolethSAML', 'SimpleSamlPhpSAML', 'SlackOAuth', 'TestIdp', 'VMwareSAML', 'VercelMarketplaceOAuth', 'VercelOAuth', 'XOAuth',
    'XeroOAuth')),
  CONSTRAINT "a name has at most 256 characters" CHECK (length(name) <= 256),
  CONSTRAINT "state is active or inactive" CHECK (state IN ('active', 'inactive')),
  CONSTRAINT "jit is 0 or 1" CHECK (jit IN (0, 1)),
  CONSTRAINT "timeout_seconds is 1 to 86400" CHECK (timeout_seconds BETWEEN 1 AND 86400)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_connections_by_organization ON authz_connections (organization);

---- Sign-ins ---------------------------------------------------------------------------------------------------------------------

-- What was recorded of each sign-in; `authz_sso_sessions` is its public face. Ids begin with the time, so that new rows stand together.
CREATE TABLE _authz_sso_sessions (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('sso_' || printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
    || lower(hex(randomblob(10)))),
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
  CONSTRAINT "started_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (started_at IS strftime('%Y-%m-%dT%H:%M:%fZ', started_at)),
  CONSTRAINT "expires_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)),
  CONSTRAINT "ended_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (ended_at IS strftime('%Y-%m-%dT%H:%M:%fZ', ended_at)),
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
SELECT id, organization, connection, origin,
  CASE WHEN status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') THEN 'timed_out' ELSE status END,
  ip_address, user_agent, user, email, started_at, expires_at,
  CASE WHEN status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') THEN expires_at ELSE ended_at END,
  CASE WHEN status = 'timed_out' OR (status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    THEN 'sso_timed_out' ELSE error_code END,
  CASE WHEN status = 'timed_out' OR (status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    THEN 'the sign-in was not completed in time' ELSE error_message END,
  request, response
FROM _authz_sso_sessions;

-- What the codes mean with which an identity provider or the application sends a person back.
CREATE VIEW authz_sso_errors (code, description, next_step) AS VALUES
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

---- Sessions of the application --------------------------------------------------------------------------------------------------

-- What was recorded of each session; `authz_sessions` is its public face.
CREATE TABLE _authz_sessions (
  id TEXT NOT NULL PRIMARY KEY DEFAULT ('session_' || printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
    || lower(hex(randomblob(16)))),
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
  CONSTRAINT "last_active_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (last_active_at IS strftime('%Y-%m-%dT%H:%M:%fZ', last_active_at)),
  CONSTRAINT "expires_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (expires_at IS strftime('%Y-%m-%dT%H:%M:%fZ', expires_at)),
  CONSTRAINT "ended_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (ended_at IS strftime('%Y-%m-%dT%H:%M:%fZ', ended_at)),
  CONSTRAINT "created_at is UTC with milliseconds, such as 2027-01-31T12:00:00.000Z"
    CHECK (created_at IS strftime('%Y-%m-%dT%H:%M:%fZ', created_at)),
  CONSTRAINT "a session expires after it was created, and was never used before"
    CHECK (last_active_at >= created_at AND due_at > created_at AND due_at <= expires_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX _authz_sessions_open ON _authz_sessions (due_at) WHERE status = 'active';
CREATE INDEX _authz_sessions_open_by_user ON _authz_sessions (user) WHERE status = 'active';
CREATE INDEX _authz_sessions_by_creation ON _authz_sessions (created_at);

CREATE VIEW authz_sessions (id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at,
  ended_at, created_at, updated_at) AS
SELECT id, user, organization, auth_method,
  CASE WHEN status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') THEN 'expired' ELSE status END,
  ip_address, user_agent, impersonator, last_active_at, expires_at,
  CASE WHEN status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now') THEN due_at ELSE ended_at END,
  created_at, updated_at
FROM _authz_sessions;

---- Settings ---------------------------------------------------------------------------------------------------------------------

DROP TRIGGER _authz_settings_insert;
INSERT INTO _authz_settings (name, value) VALUES ('session_max_seconds', 2592000), ('session_inactivity_seconds', 0);
CREATE TRIGGER _authz_settings_insert BEFORE INSERT ON _authz_settings
BEGIN
  SELECT RAISE(ABORT, 'setting_unknown: there is no setting of that name; UPDATE one that is there');
END;

CREATE TRIGGER _authz_settings_update_sessions BEFORE UPDATE ON _authz_settings
WHEN NEW.name IN ('session_max_seconds', 'session_inactivity_seconds')
BEGIN
  SELECT RAISE(ABORT, 'setting_invalid: session_max_seconds is an INTEGER from 1 to 315360000')
  WHERE NEW.name = 'session_max_seconds' AND NOT (typeof(NEW.value) = 'integer' AND NEW.value BETWEEN 1 AND 315360000);
  SELECT RAISE(ABORT, 'setting_invalid: session_inactivity_seconds is an INTEGER from 0, which is none, to 315360000')
  WHERE NEW.name = 'session_inactivity_seconds' AND NOT (typeof(NEW.value) = 'integer' AND NEW.value BETWEEN 0 AND 315360000);
END;

-- The settings as one row.
CREATE VIEW _authz_session_settings (max_seconds, inactivity_seconds) AS
SELECT m.value, i.value FROM _authz_settings AS m JOIN _authz_settings AS i ON i.name = 'session_inactivity_seconds'
WHERE m.name = 'session_max_seconds';

-- Another time of inactivity holds at once, also for sessions that are open; what is over by the old one ends by it.
CREATE TRIGGER _authz_settings_updated_sessions AFTER UPDATE OF value ON _authz_settings
WHEN NEW.name = 'session_inactivity_seconds' AND NEW.value IS NOT OLD.value
BEGIN
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sessions
  SET due_at = CASE NEW.value WHEN 0 THEN expires_at ELSE min(expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', last_active_at, '+' || NEW.value || ' seconds')) END
  WHERE status = 'active';
END;

---- Rules: connections -----------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_connections_insert BEFORE INSERT ON authz_connections
BEGIN
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the connection is not registered; write its id as it stands in authz_organizations')
  WHERE NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization));
END;

CREATE TRIGGER _authz_connections_replace BEFORE INSERT ON authz_connections
WHEN EXISTS (SELECT 1 FROM authz_connections WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; use UPDATE or ON CONFLICT DO UPDATE')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_connections_update BEFORE UPDATE ON authz_connections
WHEN NEW.id IS NOT OLD.id OR NEW.organization IS NOT OLD.organization OR typeof(NEW.organization) <> typeof(OLD.organization)
  OR NEW.type IS NOT OLD.type OR NEW.created_at IS NOT OLD.created_at
BEGIN
  SELECT RAISE(ABORT, 'connection_immutable: id, organization, type and created_at of a connection cannot change; create another and delete this one');
END;

CREATE TRIGGER _authz_connections_inserted AFTER INSERT ON authz_connections
WHEN NEW.state = 'active' AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, source, name, status, created_at, updated_at)
  VALUES ('connection', 'connection.activated', NEW.id, NEW.organization, NEW.type, NEW.name, NEW.state, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_connections_updated AFTER UPDATE OF name, state, jit, timeout_seconds ON authz_connections
WHEN NEW.name IS NOT OLD.name OR NEW.state IS NOT OLD.state OR NEW.jit IS NOT OLD.jit OR NEW.timeout_seconds IS NOT OLD.timeout_seconds
BEGIN
  UPDATE authz_connections SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
  INSERT INTO _authz_outbox (kind, event, id, organization, source, name, status, created_at, updated_at)
  SELECT 'connection', CASE NEW.state WHEN 'active' THEN 'connection.activated' ELSE 'connection.deactivated' END, NEW.id, NEW.organization,
    NEW.type, NEW.name, NEW.state, NEW.created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
  FROM _authz_settings WHERE name = 'events' AND value = 'on' AND NEW.state <> OLD.state;
END;

-- What is in progress through it ends first. What has ended stays, as history.
CREATE TRIGGER _authz_connections_delete BEFORE DELETE ON authz_connections
BEGIN
  UPDATE _authz_sso_sessions SET status = 'timed_out', ended_at = expires_at
  WHERE connection = OLD.id AND status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sso_sessions
  SET status = CASE origin WHEN 'test' THEN 'test_failed' ELSE 'failed' END,
    ended_at = max(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    error_code = 'connection_deleted', error_message = 'the connection was deleted'
  WHERE connection = OLD.id AND status = 'in_progress';
  DELETE FROM _authz_sso_profiles WHERE connection = OLD.id;
END;

CREATE TRIGGER _authz_connections_deleted AFTER DELETE ON authz_connections
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, source, name, status, created_at, updated_at)
  VALUES ('connection', 'connection.deleted', OLD.id, OLD.organization, OLD.type, OLD.name, OLD.state, OLD.created_at, OLD.updated_at);
END;

CREATE TRIGGER _authz_organizations_delete_connections BEFORE DELETE ON authz_organizations
BEGIN
  DELETE FROM authz_connections WHERE organization = OLD.id;
END;

---- Rules: sign-ins --------------------------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_sso_sessions_insert BEFORE INSERT ON _authz_sso_sessions
BEGIN
  SELECT RAISE(ABORT, 'sso_session_state: a session begins in progress; insert it so and complete it afterwards')
  WHERE NEW.status <> 'in_progress' OR NEW.ended_at IS NOT NULL OR NEW.error_code IS NOT NULL OR NEW.error_message IS NOT NULL;
  SELECT RAISE(ABORT, 'connection_invalid: there is no such connection in authz_connections')
  WHERE NOT EXISTS (SELECT 1 FROM authz_connections WHERE id = NEW.connection);
  SELECT RAISE(ABORT, 'sso_session_organization: the organization of a session is that of its connection; leave it out')
  FROM authz_connections WHERE id = NEW.connection AND (organization IS NOT NEW.organization OR typeof(organization) <> typeof(NEW.organization));
  SELECT RAISE(ABORT, 'sso_session_origin: only through a SAML connection can a sign-in begin at the identity provider')
  FROM authz_connections WHERE id = NEW.connection AND NEW.origin = 'idp' AND type NOT GLOB '*SAML';
  SELECT RAISE(ABORT, 'connection_unlinked: the connection is inactive; set its state to active, or start a test session')
  FROM authz_connections WHERE id = NEW.connection AND state <> 'active' AND NEW.origin <> 'test';
  SELECT RAISE(ABORT, 'user_unknown: the user of the session is not in authz_users')
  WHERE NEW.user IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz_users WHERE id = NEW.user);
END;

CREATE TRIGGER _authz_sso_sessions_replace BEFORE INSERT ON _authz_sso_sessions
WHEN EXISTS (SELECT 1 FROM _authz_sso_sessions WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; start another session')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_sso_sessions_update_ended BEFORE UPDATE ON _authz_sso_sessions
WHEN OLD.status <> 'in_progress' AND (NEW.status IS NOT OLD.status OR NEW.ip_address IS NOT OLD.ip_address
  OR NEW.user_agent IS NOT OLD.user_agent OR NEW.user IS NOT OLD.user OR NEW.email IS NOT OLD.email OR NEW.ended_at IS NOT OLD.ended_at
  OR NEW.error_code IS NOT OLD.error_code OR NEW.error_message IS NOT OLD.error_message OR NEW.request IS NOT OLD.request
  OR NEW.response IS NOT OLD.response)
BEGIN
  SELECT RAISE(ABORT, 'sso_session_timed_out: the session was not completed in time and never changes again; start another')
  WHERE OLD.status = 'timed_out';
  SELECT RAISE(ABORT, 'sso_session_ended: an ended session never changes again; start another');
END;

CREATE TRIGGER _authz_sso_sessions_update BEFORE UPDATE ON _authz_sso_sessions
BEGIN
  SELECT RAISE(ABORT, 'sso_session_immutable: id, organization, connection, origin, started_at and expires_at of a session cannot change; start another')
  WHERE NEW.id IS NOT OLD.id OR NEW.organization IS NOT OLD.organization OR typeof(NEW.organization) <> typeof(OLD.organization)
    OR NEW.connection IS NOT OLD.connection OR NEW.origin IS NOT OLD.origin OR NEW.started_at IS NOT OLD.started_at
    OR NEW.expires_at IS NOT OLD.expires_at;
  SELECT RAISE(ABORT, 'user_unknown: the user of the session is not in authz_users')
  WHERE NEW.user IS NOT OLD.user AND NEW.user IS NOT NULL AND NOT EXISTS (SELECT 1 FROM authz_users WHERE id = NEW.user);
  SELECT RAISE(ABORT, 'sso_session_state: a session that is in progress has no ended_at, error_code or error_message yet; set its status with them')
  WHERE OLD.status = 'in_progress' AND NEW.status = 'in_progress' AND (NEW.ended_at IS NOT NULL OR NEW.error_code IS NOT NULL OR NEW.error_message IS NOT NULL);
END;

CREATE TRIGGER _authz_sso_sessions_update_status BEFORE UPDATE OF status ON _authz_sso_sessions
WHEN OLD.status = 'in_progress' AND NEW.status <> 'in_progress'
BEGIN
  SELECT RAISE(ABORT, 'sso_session_state: a test session ends as test_successful or test_failed')
  WHERE OLD.origin = 'test' AND NEW.status NOT IN ('test_successful', 'test_failed');
  SELECT RAISE(ABORT, 'sso_session_state: a session ends as success, failed or timed_out, and as test_successful or test_failed only when its origin is test')
  WHERE OLD.origin <> 'test' AND NEW.status NOT IN ('success', 'failed', 'timed_out');
  SELECT RAISE(ABORT, 'sso_session_timed_out: the session was not completed in time; start another')
  WHERE NEW.status IN ('success', 'failed') AND NEW.ended_at >= OLD.expires_at;
  SELECT RAISE(ABORT, 'sso_session_state: the session has not timed out yet')
  WHERE NEW.status = 'timed_out' AND ifnull(NEW.ended_at < OLD.expires_at, 1);
  SELECT RAISE(ABORT, 'sso_session_state: a session ends after it has started')
  WHERE ifnull(NEW.ended_at < OLD.started_at, 1);
  SELECT RAISE(ABORT, 'sso_session_email: a success needs the e-mail address of the profile; set email with it')
  WHERE NEW.status IN ('success', 'test_successful') AND ifnull(NEW.email NOT GLOB '?*@?*', 1);
  SELECT RAISE(ABORT, 'sso_session_error: only a session that failed has error_code and error_message, and it needs both')
  WHERE (NEW.status IN ('failed', 'test_failed')) <> (NEW.error_code IS NOT NULL AND NEW.error_message IS NOT NULL)
    OR (NEW.status NOT IN ('failed', 'test_failed') AND (NEW.error_code IS NOT NULL OR NEW.error_message IS NOT NULL));
  SELECT RAISE(ABORT, 'connection_unlinked: the connection has become inactive; the sign-in can only fail')
  FROM authz_connections WHERE id = OLD.connection AND state <> 'active' AND NEW.status = 'success';
END;

CREATE TRIGGER _authz_sso_sessions_delete BEFORE DELETE ON _authz_sso_sessions
WHEN OLD.status = 'in_progress'
BEGIN
  SELECT RAISE(ABORT, 'sso_session_in_progress: the session is in progress; end it first, by status failed for one');
END;

CREATE TRIGGER _authz_sso_sessions_event_started AFTER INSERT ON _authz_sso_sessions
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox (kind, event, id, organization, connection, status, ip_address, user_agent, subject, email)
  VALUES ('sso_session', CASE NEW.origin WHEN 'test' THEN 'authentication.sso_test_started' ELSE 'authentication.sso_started' END, NEW.id,
    NEW.organization, NEW.connection, 'started', NEW.ip_address, NEW.user_agent, 'user:' || NEW.user, NEW.email);
END;

CREATE TRIGGER _authz_sso_sessions_event_ended AFTER UPDATE OF status ON _authz_sso_sessions
WHEN NEW.status <> OLD.status AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, id, organization, connection, status, ip_address, user_agent, subject, email, error_code, error_message)
  VALUES ('sso_session',
    CASE NEW.status WHEN 'success' THEN 'authentication.sso_succeeded' WHEN 'failed' THEN 'authentication.sso_failed'
      WHEN 'timed_out' THEN 'authentication.sso_timed_out' WHEN 'test_successful' THEN 'authentication.sso_test_succeeded'
      ELSE 'authentication.sso_test_failed' END,
    NEW.id, NEW.organization, NEW.connection,
    CASE NEW.status WHEN 'success' THEN 'succeeded' WHEN 'test_successful' THEN 'succeeded' WHEN 'timed_out' THEN 'timed_out' ELSE 'failed' END,
    NEW.ip_address, NEW.user_agent, 'user:' || NEW.user, NEW.email,
    CASE NEW.status WHEN 'timed_out' THEN 'sso_timed_out' ELSE NEW.error_code END,
    CASE NEW.status WHEN 'timed_out' THEN 'the sign-in was not completed in time' ELSE NEW.error_message END);
END;

---- Sign-ins as clients write them -----------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_sso_sessions_view_insert INSTEAD OF INSERT ON authz_sso_sessions
BEGIN
  UPDATE _authz_sso_sessions SET status = 'timed_out', ended_at = expires_at
  WHERE status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  SELECT RAISE(ABORT, 'sso_session_unmasked: request and response are masked before they are stored, which plain SQL cannot do; pass them to authz_sso_start and its like')
  WHERE NEW.request IS NOT NULL OR NEW.response IS NOT NULL;
  INSERT INTO _authz_sso_sessions
    (id, organization, connection, origin, status, ip_address, user_agent, user, email, started_at, expires_at, ended_at, error_code, error_message)
  SELECT
    ifnull(NEW.id, 'sso_' || printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) || lower(hex(randomblob(10)))),
    ifnull(NEW.organization, (SELECT organization FROM authz_connections WHERE id = NEW.connection)),
    NEW.connection, ifnull(NEW.origin, 'sp'), ifnull(NEW.status, 'in_progress'), NEW.ip_address, NEW.user_agent, NEW.user, NEW.email, s.started_at,
    CASE WHEN NEW.origin IS 'test' THEN NEW.expires_at ELSE ifnull(NEW.expires_at, strftime('%Y-%m-%dT%H:%M:%fZ', s.started_at,
      '+' || ifnull((SELECT timeout_seconds FROM authz_connections WHERE id = NEW.connection), 300) || ' seconds')) END,
    NEW.ended_at, NEW.error_code, NEW.error_message
  FROM (SELECT ifnull(NEW.started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) AS started_at) AS s;
END;

CREATE TRIGGER _authz_sso_sessions_view_update INSTEAD OF UPDATE ON authz_sso_sessions
BEGIN
  UPDATE _authz_sso_sessions SET status = 'timed_out', ended_at = expires_at
  WHERE status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
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
  UPDATE _authz_sso_sessions SET status = 'timed_out', ended_at = expires_at
  WHERE status = 'in_progress' AND expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  DELETE FROM _authz_sso_sessions WHERE id = OLD.id;
END;

---- Rules: sessions of the application -------------------------------------------------------------------------------------------

CREATE TRIGGER _authz_sessions_insert BEFORE INSERT ON _authz_sessions
BEGIN
  SELECT RAISE(ABORT, 'session_state: a session begins active; insert it so and end it afterwards')
  WHERE NEW.status <> 'active' OR NEW.ended_at IS NOT NULL;
  SELECT RAISE(ABORT, 'user_unknown: the user of the session is not in authz_users')
  WHERE NOT EXISTS (SELECT 1 FROM authz_users WHERE id = NEW.user);
  SELECT RAISE(ABORT, 'organization_unknown: the organization of the session is not registered; write its id as it stands in authz_organizations')
  WHERE NEW.organization IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_organizations WHERE id = NEW.organization AND typeof(id) = typeof(NEW.organization));
  SELECT RAISE(ABORT, 'membership_inactive: the user has no active membership in the organization of the session')
  WHERE NEW.organization IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM authz_memberships WHERE user = NEW.user AND organization = NEW.organization AND status = 'active');
END;

CREATE TRIGGER _authz_sessions_replace BEFORE INSERT ON _authz_sessions
WHEN EXISTS (SELECT 1 FROM _authz_sessions WHERE id = NEW.id)
BEGIN
  INSERT OR IGNORE INTO _authz_replace_probe (id, replaced) VALUES (1, 1);
  SELECT RAISE(ABORT, 'replace_refused: OR REPLACE would delete the old row unseen; start another session')
  FROM _authz_replace_probe WHERE replaced = 1;
END;

CREATE TRIGGER _authz_sessions_update_ended BEFORE UPDATE ON _authz_sessions
WHEN OLD.status <> 'active' AND (NEW.status IS NOT OLD.status OR NEW.ip_address IS NOT OLD.ip_address
  OR NEW.user_agent IS NOT OLD.user_agent OR NEW.last_active_at IS NOT OLD.last_active_at OR NEW.due_at IS NOT OLD.due_at
  OR NEW.ended_at IS NOT OLD.ended_at OR NEW.updated_at IS NOT OLD.updated_at)
BEGIN
  SELECT RAISE(ABORT, 'session_ended: an ended session never changes again; start another');
END;

CREATE TRIGGER _authz_sessions_update BEFORE UPDATE ON _authz_sessions
BEGIN
  SELECT RAISE(ABORT, 'session_immutable: only status, last_active_at, ip_address and user_agent of a session can change; start another')
  WHERE NEW.id IS NOT OLD.id OR NEW.user IS NOT OLD.user OR NEW.organization IS NOT OLD.organization
    OR typeof(NEW.organization) <> typeof(OLD.organization) OR NEW.auth_method IS NOT OLD.auth_method
    OR NEW.impersonator IS NOT OLD.impersonator OR NEW.expires_at IS NOT OLD.expires_at OR NEW.created_at IS NOT OLD.created_at;
  SELECT RAISE(ABORT, 'session_state: a session that is active has no ended_at; set its status with it')
  WHERE OLD.status = 'active' AND NEW.status = 'active' AND NEW.ended_at IS NOT NULL;
END;

CREATE TRIGGER _authz_sessions_update_status BEFORE UPDATE OF status ON _authz_sessions
WHEN OLD.status = 'active' AND NEW.status <> 'active'
BEGIN
  SELECT RAISE(ABORT, 'session_state: a session ends as expired or revoked') WHERE NEW.status NOT IN ('expired', 'revoked');
  SELECT RAISE(ABORT, 'session_state: the session has not expired yet; end it as revoked')
  WHERE NEW.status = 'expired' AND ifnull(NEW.ended_at < OLD.due_at, 1);
  SELECT RAISE(ABORT, 'session_ended: the session has expired already')
  WHERE NEW.status = 'revoked' AND NEW.ended_at >= OLD.due_at;
  SELECT RAISE(ABORT, 'session_state: a session ends after it was created') WHERE ifnull(NEW.ended_at < OLD.created_at, 1);
END;

CREATE TRIGGER _authz_sessions_delete BEFORE DELETE ON _authz_sessions
WHEN OLD.status = 'active'
BEGIN
  SELECT RAISE(ABORT, 'session_active: the session is active; revoke it first');
END;

CREATE TRIGGER _authz_sessions_event_created AFTER INSERT ON _authz_sessions
WHEN EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, id, subject, organization, auth_method, status, ip_address, user_agent, impersonator, expires_at, ended_at,
     created_at, updated_at)
  VALUES ('session', 'session.created', NEW.id, 'user:' || NEW.user, NEW.organization, NEW.auth_method, NEW.status, NEW.ip_address,
    NEW.user_agent, NEW.impersonator, NEW.expires_at, NEW.ended_at, NEW.created_at, NEW.updated_at);
END;

CREATE TRIGGER _authz_sessions_event_ended AFTER UPDATE OF status ON _authz_sessions
WHEN NEW.status <> OLD.status AND EXISTS (SELECT 1 FROM _authz_settings WHERE name = 'events' AND value = 'on')
BEGIN
  INSERT INTO _authz_outbox
    (kind, event, id, subject, organization, auth_method, status, ip_address, user_agent, impersonator, expires_at, ended_at,
     created_at, updated_at)
  VALUES ('session', CASE NEW.status WHEN 'expired' THEN 'session.expired' ELSE 'session.revoked' END, NEW.id, 'user:' || NEW.user,
    NEW.organization, NEW.auth_method, NEW.status, NEW.ip_address, NEW.user_agent, NEW.impersonator, NEW.expires_at, NEW.ended_at,
    NEW.created_at, NEW.updated_at);
END;

-- Whoever is shut out of an organization, or gone, is signed out there.
CREATE TRIGGER _authz_memberships_updated_sessions AFTER UPDATE OF status ON authz_memberships
WHEN NEW.status <> 'active' AND OLD.status = 'active'
BEGIN
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE user = NEW.user AND organization = NEW.organization AND status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sessions SET status = 'revoked', ended_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE user = NEW.user AND organization = NEW.organization AND status = 'active';
END;

CREATE TRIGGER _authz_memberships_delete_sessions BEFORE DELETE ON authz_memberships
BEGIN
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE user = OLD.user AND organization = OLD.organization AND status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sessions SET status = 'revoked', ended_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE user = OLD.user AND organization = OLD.organization AND status = 'active';
END;

CREATE TRIGGER _authz_users_delete_sessions BEFORE DELETE ON authz_users
BEGIN
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE user = OLD.id AND status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  UPDATE _authz_sessions SET status = 'revoked', ended_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    updated_at = max(created_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
  WHERE user = OLD.id AND status = 'active';
  DELETE FROM _authz_sso_profiles WHERE user = OLD.id;
END;

---- Sessions of the application as clients write them -------------------------------------------------------------------------------

CREATE TRIGGER _authz_sessions_view_insert INSTEAD OF INSERT ON authz_sessions
BEGIN
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  INSERT INTO _authz_sessions
    (id, user, organization, auth_method, status, ip_address, user_agent, impersonator, last_active_at, expires_at, due_at, ended_at, created_at, updated_at)
  SELECT
    ifnull(NEW.id, 'session_' || printf('%012x', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)) || lower(hex(randomblob(16)))),
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
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
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
  UPDATE _authz_sessions SET status = 'expired', ended_at = due_at, updated_at = due_at
  WHERE status = 'active' AND due_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
  DELETE FROM _authz_sessions WHERE id = OLD.id;
END;
