//! Sign-ins through identity providers, and the sessions of the application.

use crate::help::entry::Entry;

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::writes(
        "authz_sso_start",
        "connection TEXT [, details JSON]",
        "TEXT: the id of the sign-in, which is in progress",
        "Begins a sign-in. The details are `origin` (`sp`, `idp` or `test`), `email`, `ip_address`, `user_agent` and `request`, in which \
         secrets are masked before it is stored. Errors: an unknown connection (`connection_invalid`), an inactive one (`connection_unlinked`).",
        r#"SELECT authz_sso_start('okta', '{"ip_address": "198.51.100.7"}');"#,
    ),
    Entry::writes(
        "authz_sso_succeed",
        "session TEXT, profile JSON [, response JSON]",
        "JSON: the sign-in with the `user` who has signed in",
        "Ends a sign-in with the profile of the identity provider, of which `email` is required. The user is the one whom this connection \
         knows by `idp_id`, otherwise one found by e-mail address, otherwise a new one; where `jit` of the connection is 1, the user becomes \
         a member. A sign-in that has ended is an error. One that came too late is recorded as timed out and then refused.",
        r#"SELECT authz_sso_succeed((SELECT id FROM authz_sso_sessions WHERE status = 'in_progress'), '{"idp_id": "00u1", "email": "ana@acme.com"}') ->> 'user';"#,
    ),
    Entry::writes(
        "authz_sso_fail",
        "session TEXT, code TEXT, message TEXT [, response JSON]",
        "JSON: the sign-in",
        "Ends a sign-in with an error. The table authz_sso_errors explains the codes; others are stored as they are. A NULL message takes the \
         words for the code. A sign-in that has ended is an error.",
        "SELECT authz_sso_fail((SELECT id FROM authz_sso_sessions WHERE status = 'in_progress'), 'access_denied', NULL) ->> 'error_message';",
    ),
    Entry::reads(
        "authz_sso_session",
        "session TEXT",
        "JSON: the sign-in, with the columns of authz_sso_sessions as keys; NULL where there is none of that id",
        "Shows the sign-in as it is at authz_now().",
        "SELECT authz_sso_session(id) FROM authz_sso_sessions;",
    ),
    Entry::rows(
        "authz_sso_report",
        "[since TEXT]",
        "rows (connection TEXT, organization INTEGER or TEXT, started INTEGER, succeeded INTEGER, failed INTEGER, timed_out INTEGER, \
         median_seconds REAL, commonest_error TEXT): one for each connection",
        "How sign-ins went since a time, or ever. The median is that of the sign-ins that succeeded. Tests do not count.",
        "SELECT connection, started, succeeded, failed FROM authz_sso_report();",
    ),
    Entry::writes(
        "authz_session_start",
        "user TEXT, organization INTEGER or TEXT, auth_method TEXT [, details JSON]",
        "TEXT: the id of the session, which cannot be guessed",
        "Begins a session of the application. `organization` is NULL for an application without organizations. The details are `ip_address`, \
         `user_agent` and `impersonator`, an object of `email` and `reason`. Errors: an unknown user, no active membership.",
        "SELECT authz_session_start('ana', 'acme', 'sso');",
    ),
    Entry::writes(
        "authz_session_touch",
        "id TEXT",
        "INTEGER: 1 while the session lives, otherwise 0",
        "Records that the session is in use, which delays its end by inactivity. An unknown id gives 0.",
        "SELECT authz_session_touch((SELECT id FROM authz_sessions WHERE user = 'ana'));",
    ),
    Entry::writes(
        "authz_session_revoke",
        "id TEXT",
        "INTEGER: 1 if it ended the session, otherwise 0",
        "Ends a session. One that has ended already and an unknown id give 0.",
        "SELECT authz_session_revoke((SELECT id FROM authz_sessions WHERE user = 'ana'));",
    ),
    Entry::reads(
        "authz_session_subject",
        "id TEXT [, organization INTEGER or TEXT]",
        "TEXT: the subject of a live session, such as `user:ana`; otherwise NULL",
        "For `authz_check(authz_session_subject(?, ?), …)`: NULL is a no. Name the organization that the question is about: a session in \
         another organization then gives NULL.",
        "SELECT authz_session_subject((SELECT id FROM authz_sessions WHERE user = 'ana'), 'acme');",
    ),
    Entry::writes(
        "authz_sweep",
        "",
        "INTEGER: how many sign-ins and sessions it ended",
        "Records what has expired: it ends sign-ins and sessions and removes expired role assignments and relationships, with their events. \
         Nothing depends on it but the events, for what has expired counts for nothing anyway. Where nothing is due it writes nothing.",
        "SELECT authz_sweep();",
    ),
    Entry::table(
        "authz_connections",
        "rows (id TEXT, organization INTEGER or TEXT, type TEXT, name TEXT, state TEXT, jit INTEGER, timeout_seconds INTEGER, created_at TEXT, \
         updated_at TEXT)",
        "The connections of organizations to identity providers. `type` is a name of WorkOS such as `OktaSAML`, `state` is `active` or \
         `inactive`. `jit` 1: whoever signs in becomes a member. `timeout_seconds` is how long a sign-in may take, NULL for 300.",
        "INSERT INTO authz_connections (id, organization, type) VALUES ('entra', 'acme', 'AzureSAML') RETURNING state;",
    ),
    Entry::view(
        "authz_sso_sessions",
        "rows (id TEXT, organization INTEGER or TEXT, connection TEXT, origin TEXT, status TEXT, ip_address TEXT, user_agent TEXT, user TEXT, \
         email TEXT, started_at TEXT, expires_at TEXT, ended_at TEXT, error_code TEXT, error_message TEXT, request JSON, response JSON)",
        "The sign-ins. `status` is `in_progress`, `success`, `failed` or `timed_out`, and `test_successful` or `test_failed` for a test. A \
         sign-in that has ended never changes again. Plain SQL may not set `request` and `response`, which hold masked secrets.",
        "SELECT id, status, email FROM authz_sso_sessions ORDER BY started_at DESC;",
    ),
    Entry::view(
        "authz_sso_errors",
        "rows (code TEXT, description TEXT, next_step TEXT)",
        "What the error codes of sign-ins mean, and what to check next.",
        "SELECT description, next_step FROM authz_sso_errors WHERE code = 'access_denied';",
    )
    .read_only(),
    Entry::view(
        "authz_sessions",
        "rows (id TEXT, user TEXT, organization INTEGER or TEXT, auth_method TEXT, status TEXT, ip_address TEXT, user_agent TEXT, \
         impersonator JSON, last_active_at TEXT, expires_at TEXT, ended_at TEXT, created_at TEXT, updated_at TEXT)",
        "The sessions of the application. `status` is `active`, `expired` or `revoked`; a session that is over by the clock is shown as expired \
         at once. A membership that ends revokes the sessions in its organization.",
        "SELECT id, user, status FROM authz_sessions;",
    ),
];
