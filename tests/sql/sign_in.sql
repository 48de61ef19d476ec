-- A sign-in, a session, and the clock, as a person tries them out in the shell. Every line prints the same on every run.
SELECT json_valid(authz_migrate());
INSERT INTO authz_organizations (id) VALUES ('acme');
INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
INSERT INTO authz_connections (id, organization, type, timeout_seconds) VALUES ('okta', 'acme', 'OktaSAML', 60);

-- by functions
SELECT authz_sso_start('okta', '{"origin": "idp", "request": {"SAMLRequest": "fZJN", "Cookie": "sid=1"}}') IS NOT NULL;
SELECT status, origin, request FROM authz_sso_sessions;
SELECT authz_sso_succeed(id, '{"idp_id": "1", "email": "ana@acme.com", "password": "hunter2"}') ->> 'user' FROM authz_sso_sessions;
SELECT status, user, email, response FROM authz_sso_sessions;
SELECT authz_sso_fail(id, 'access_denied', NULL) FROM authz_sso_sessions WHERE id = 'none';

-- by plain SQL
INSERT INTO authz_sso_sessions (id, connection, started_at) VALUES ('late', 'okta', '2020-01-01T00:00:00.000Z');
SELECT status, ended_at, error_code FROM authz_sso_sessions WHERE id = 'late';
UPDATE authz_sso_sessions SET status = 'success', email = 'ana@acme.com' WHERE id = 'late';
INSERT INTO authz_sso_sessions (id, connection) VALUES ('now', 'okta');
UPDATE authz_sso_sessions SET status = 'failed', error_code = 'access_denied' WHERE id = 'now';
UPDATE authz_sso_sessions SET status = 'success' WHERE id = 'now';
UPDATE authz_sso_sessions SET request = '{}' WHERE id = 'now';

-- the sessions of the application
INSERT INTO authz_sessions (id, user, organization, auth_method) VALUES ('web', 'ana', 'acme', 'sso');
SELECT authz_session_subject('web', 'acme'), authz_session_subject('web', 'other') IS NULL, authz_session_touch('web');
SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+31 days')) > strftime('%Y-%m-%d', 'now');
SELECT authz_session_subject('web', 'acme') IS NULL, status FROM authz_sessions;
SELECT authz_sweep();
SELECT status, ended_at = expires_at FROM authz_sessions;
SELECT length(authz_set_now(NULL));
SELECT authz_session_revoke('web');
UPDATE authz_sessions SET status = 'active';
INSERT INTO authz_sessions (user) VALUES ('nobody');
SELECT connection, started, succeeded, failed, timed_out, commonest_error FROM authz_sso_report;
SELECT json ->> 'event' FROM authz_event_envelopes WHERE json ->> 'event' GLOB 'authentication.*' OR json ->> 'event' GLOB 'session.*';
DELETE FROM authz_users WHERE id = 'ana';
