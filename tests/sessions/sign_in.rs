//! Signing in: the machine of states, by functions and by plain SQL, and who signs in.

use authz::rusqlite::Connection;
use serde_json::json;

use crate::{events, json, last_seq, later, number, option, product, refusal, started, status, text};

const ANA: &str = r#"{"idp_id": "okta|1", "email": "ana@acme.com", "raw_attributes": {"department": "Sales"}}"#;

#[test]
fn a_sign_in_succeeds_and_says_who_it_was() {
    let connection = product();
    let seq = last_seq(&connection);
    let session = text(
        &connection,
        r#"SELECT authz_sso_start('okta', '{"ip_address": "10.0.0.7", "user_agent": "curl", "request": {"SAMLRequest": "fZJN", "Cookie": "sid=1"}}')"#,
        [],
    );
    let shown = json(&text(&connection, "SELECT authz_sso_session(?1)", [&session]));
    assert_eq!(
        (&shown["status"], &shown["origin"], &shown["ip_address"], &shown["organization"]),
        (&json!("in_progress"), &json!("sp"), &json!("10.0.0.7"), &json!("acme"))
    );
    assert_eq!(shown["request"], json!({"SAMLRequest": "fZJN", "Cookie": "[masked]"}));
    let columns: Vec<String> =
        connection.prepare("SELECT * FROM authz_sso_sessions").unwrap().column_names().into_iter().map(str::to_owned).collect();
    assert_eq!(shown.as_object().unwrap().keys().cloned().collect::<Vec<_>>(), columns);
    let done = json(&text(&connection, "SELECT authz_sso_succeed(?1, ?2)", [session.as_str(), ANA]));
    assert_eq!((&done["status"], &done["user"], &done["email"]), (&json!("success"), &json!("ana"), &json!("ana@acme.com")));
    assert_eq!(events(&connection, seq), ["authentication.sso_started", "authentication.sso_succeeded"]);
    // Nothing changes it any more.
    for (sql, word) in [
        ("SELECT authz_sso_succeed(?1, '{\"email\": \"ana@acme.com\"}')", "sso_session_ended"),
        ("SELECT authz_sso_fail(?1, 'access_denied', NULL)", "sso_session_ended"),
        ("UPDATE authz_sso_sessions SET status = 'failed' WHERE id = ?1", "sso_session_ended"),
        ("UPDATE authz_sso_sessions SET email = 'x@y.z' WHERE id = ?1", "sso_session_ended"),
        ("UPDATE OR IGNORE authz_sso_sessions SET status = 'in_progress' WHERE id = ?1", "sso_session_ended"),
        ("UPDATE authz_sso_sessions SET connection = 'oidc' WHERE id = ?1", "sso_session_immutable"),
    ] {
        let told = refusal(&connection, sql, [&session]);
        assert!(told.contains(word), "{sql}: {told}");
    }
    connection.execute("UPDATE authz_sso_sessions SET status = status", []).unwrap();
    assert_eq!(events(&connection, seq).len(), 2);
}

#[test]
fn a_session_times_out_by_itself_and_is_recorded_once() {
    for record in [
        "SELECT authz_sso_succeed(?1, '{\"email\": \"ana@acme.com\"}')",
        "SELECT authz_sso_fail(?1, 'x', NULL)",
        "SELECT authz_sweep()",
        "SELECT authz_sso_start('oidc')",
    ] {
        let connection = product();
        let session = started(&connection, "okta");
        let seq = last_seq(&connection);
        later(&connection, 301);
        assert_eq!(json(&text(&connection, "SELECT authz_sso_session(?1)", [&session]))["status"], "timed_out");
        // The relation goes by the database's clock.
        assert_eq!(status(&connection, &session), "in_progress");
        let mut statement = connection.prepare(record).unwrap();
        let answer = match statement.parameter_count() {
            0 => statement.query_row([], |_| Ok(())),
            _ => statement.query_row([&session], |_| Ok(())),
        };
        if record.contains("?1") {
            assert!(answer.unwrap_err().to_string().contains("sso_session_timed_out: the session"), "{record}");
        } else {
            answer.unwrap();
        }
        assert_eq!(status(&connection, &session), "timed_out", "{record}");
        assert_eq!(events(&connection, seq)[0], "authentication.sso_timed_out");
        let row = "SELECT (ended_at = expires_at) || error_code FROM authz_sso_sessions WHERE id = ?1";
        assert_eq!(text(&connection, row, [&session]), "1sso_timed_out");
        assert_eq!(number(&connection, "SELECT authz_sweep()", []), 0);
        // What was recorded stays so, whatever the clock says.
        text(&connection, "SELECT authz_set_now(NULL)", []);
        assert!(refusal(&connection, "SELECT authz_sso_fail(?1, 'x', 'y')", [&session]).contains("sso_session_timed_out"));
        assert_eq!(events(&connection, seq).iter().filter(|name| name.ends_with("timed_out")).count(), 1);
    }
}

#[test]
fn a_late_completion_is_recorded_within_a_transaction_too() {
    let connection = product();
    let session = started(&connection, "okta");
    later(&connection, 301);
    connection.execute_batch("BEGIN").unwrap();
    assert!(refusal(&connection, "SELECT authz_sso_succeed(?1, ?2)", [session.as_str(), ANA]).contains("sso_session_timed_out"));
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(status(&connection, &session), "timed_out");
}

#[test]
fn plain_sql_meets_the_same_rules() {
    let connection = product();
    connection
        .execute("INSERT INTO authz_sso_sessions (id, connection, started_at) VALUES ('old', 'okta', '2020-01-01T00:00:00.000Z')", [])
        .unwrap();
    let seq = last_seq(&connection);
    assert_eq!(status(&connection, "old"), "timed_out");
    let told = refusal(&connection, "UPDATE authz_sso_sessions SET status = 'success', email = 'a@b.c' WHERE id = 'old'", []);
    assert!(told.contains("sso_session_timed_out"), "{told}");
    // The error undid what its statement did; the next write records it.
    assert_eq!(events(&connection, seq), [""; 0]);
    connection.execute("INSERT INTO authz_sso_sessions (id, connection, origin) VALUES ('new', 'okta', 'idp')", []).unwrap();
    assert_eq!(events(&connection, seq), ["authentication.sso_timed_out", "authentication.sso_started"]);
    for (sql, word) in [
        ("INSERT INTO authz_sso_sessions (connection, status) VALUES ('okta', 'success')", "sso_session_state"),
        ("INSERT INTO authz_sso_sessions (connection) VALUES ('none')", "connection_invalid"),
        ("INSERT INTO authz_sso_sessions (connection, organization) VALUES ('okta', 7)", "sso_session_organization"),
        ("INSERT INTO authz_sso_sessions (connection, origin) VALUES ('oidc', 'idp')", "sso_session_origin"),
        ("INSERT INTO authz_sso_sessions (connection, origin) VALUES ('okta', 'x')", "origin is sp, idp or test"),
        ("INSERT INTO authz_sso_sessions (connection, request) VALUES ('okta', '{}')", "sso_session_unmasked"),
        ("INSERT INTO authz_sso_sessions (id, connection) VALUES ('new', 'okta')", "UNIQUE"),
        ("INSERT OR REPLACE INTO authz_sso_sessions (id, connection) VALUES ('new', 'okta')", "replace_refused"),
        ("REPLACE INTO authz_connections (id, organization, type) VALUES ('okta', 'acme', 'OktaSAML')", "replace_refused"),
        ("INSERT INTO authz_connections (organization, type) VALUES ('7', 'OktaSAML')", "organization_unknown"),
        ("INSERT INTO authz_connections (organization, type) VALUES (7, 'Okta')", "connection_type"),
        ("UPDATE authz_connections SET organization = 7", "connection_immutable"),
        ("UPDATE authz_connections SET timeout_seconds = 0", "timeout_seconds is 1 to 86400"),
        ("INSERT INTO authz_sso_sessions (connection, user) VALUES ('okta', 'nobody')", "user_unknown"),
        ("UPDATE authz_sso_sessions SET response = '{}' WHERE id = 'new'", "sso_session_unmasked"),
        ("UPDATE authz_sso_sessions SET status = 'success' WHERE id = 'new'", "sso_session_email"),
        ("UPDATE authz_sso_sessions SET status = 'timed_out' WHERE id = 'new'", "not timed out yet"),
        ("UPDATE authz_sso_sessions SET status = 'test_failed' WHERE id = 'new'", "sso_session_state"),
        ("UPDATE authz_sso_sessions SET status = 'success', email = 'a@b.c', error_code = 'x' WHERE id = 'new'", "sso_session_error"),
        (
            "UPDATE authz_sso_sessions SET status = 'success', email = 'a@b.c', ended_at = '2020-01-01T00:00:00.000Z' WHERE id = 'new'",
            "after it has started",
        ),
        ("UPDATE authz_sso_sessions SET expires_at = '2999-01-01T00:00:00.000Z' WHERE id = 'new'", "sso_session_immutable"),
        ("UPDATE authz_sso_sessions SET error_code = 'x' WHERE id = 'new'", "sso_session_state"),
        ("DELETE FROM authz_sso_sessions WHERE id = 'new'", "sso_session_in_progress"),
    ] {
        let told = refusal(&connection, sql, []);
        assert!(told.contains(word), "{sql}: {told}");
        assert_eq!(events(&connection, seq).len(), 2, "{sql}");
    }
    connection
        .execute("UPDATE authz_sso_sessions SET status = 'success', email = 'ana@acme.com', user = 'ana' WHERE id = 'new'", [])
        .unwrap();
    assert_eq!(events(&connection, seq)[2..], ["authentication.sso_succeeded"]);
    // What has ended may be thrown away.
    connection.execute("DELETE FROM authz_sso_sessions WHERE id = 'new'", []).unwrap();
    assert_eq!(option(&connection, "SELECT authz_sso_session('new')", []), None);
}

#[test]
fn a_test_changes_nothing_but_itself() {
    let connection = product();
    connection.execute("UPDATE authz_connections SET state = 'inactive' WHERE id = 'okta'", []).unwrap();
    assert!(refusal(&connection, "SELECT authz_sso_start('okta')", []).contains("connection_unlinked"));
    let begin = r#"SELECT authz_sso_start('okta', '{"origin": "test"}')"#;
    let (good, bad, open) = (text(&connection, begin, []), text(&connection, begin, []), text(&connection, begin, []));
    let seq = last_seq(&connection);
    later(&connection, 1_000_000);
    let profile = r#"{"idp_id": "okta|9", "email": "new@acme.com"}"#;
    let shown = json(&text(&connection, "SELECT authz_sso_succeed(?1, ?2)", [good.as_str(), profile]));
    assert_eq!((&shown["status"], &shown["user"], &shown["expires_at"]), (&json!("test_successful"), &json!(null), &json!(null)));
    text(&connection, "SELECT authz_sso_fail(?1, 'server_error', NULL)", [&bad]);
    assert_eq!((status(&connection, &bad).as_str(), status(&connection, &open).as_str()), ("test_failed", "in_progress"));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_users", []), 1);
    assert_eq!(number(&connection, "SELECT count(*) FROM _authz_sso_profiles", []), 0);
    // Who counts sign-ins by their events does not count these.
    assert_eq!(events(&connection, seq), ["authentication.sso_test_succeeded", "authentication.sso_test_failed"]);
}

fn signed_in(connection: &Connection, through: &str, profile: &str) -> String {
    let session = started(connection, through);
    let shown = json(&text(connection, "SELECT authz_sso_succeed(?1, ?2)", [session.as_str(), profile]));
    shown["user"].as_str().unwrap().to_owned()
}

#[test]
fn the_providers_id_decides_then_the_address() {
    let connection = product();
    connection.execute("INSERT INTO authz_connections (id, organization, type) VALUES ('rival', 7, 'OktaSAML')", []).unwrap();
    assert_eq!(signed_in(&connection, "okta", ANA), "ana");
    // The address has changed, the person has not.
    assert_eq!(signed_in(&connection, "okta", r#"{"idp_id": "okta|1", "email": "silva@acme.com"}"#), "ana");
    // Another provider's id of the same text is nobody, and its organization does not own the domain.
    let other = signed_in(&connection, "rival", ANA);
    assert_ne!(other, "ana");
    assert_eq!(text(&connection, "SELECT group_concat(user) FROM authz_memberships WHERE organization = 7", []), other);
    // Without an id the address is looked up every time.
    assert_eq!(signed_in(&connection, "oidc", r#"{"email": "ANA@acme.com"}"#), "ana");
    connection.execute("DELETE FROM authz_users WHERE id = 'ana'", []).unwrap();
    let again = signed_in(&connection, "okta", ANA);
    assert_ne!(again, "ana");
    assert_eq!(number(&connection, "SELECT count(*) FROM _authz_sso_profiles WHERE user = 'ana'", []), 0);
}

#[test]
fn a_connection_lets_in_whom_it_may() {
    let membership = |connection: &Connection, user: &str| {
        option(connection, "SELECT max(status) FROM authz_memberships WHERE user = ?1 AND organization = 'acme'", [user])
    };
    for (before, after) in [
        ("DELETE FROM authz_memberships", Some("active")),
        ("UPDATE authz_memberships SET status = 'pending'", Some("active")),
        ("UPDATE authz_memberships SET status = 'inactive'", Some("inactive")),
        ("UPDATE authz_memberships SET status = 'pending', directory_managed = 1", Some("pending")),
        ("UPDATE authz_memberships SET status = 'inactive'; DELETE FROM authz_memberships", None),
        ("UPDATE authz_memberships SET status = 'pending'; UPDATE authz_connections SET jit = 0", Some("pending")),
        ("DELETE FROM authz_memberships; UPDATE authz_connections SET jit = 0", None),
    ] {
        let connection = product();
        connection.execute_batch(before).unwrap();
        assert_eq!(signed_in(&connection, "okta", ANA), "ana");
        assert_eq!(membership(&connection, "ana").as_deref(), after, "{before}");
    }
    let connection = product();
    let user = signed_in(&connection, "okta", r#"{"email": "bo@acme.com", "first_name": "Bo", "groups": ["x"]}"#);
    assert_eq!(membership(&connection, &user).as_deref(), Some("active"));
    assert_eq!(text(&connection, "SELECT first_name FROM authz_users WHERE id = ?1", [&user]), "Bo");
}

#[test]
fn a_connection_that_goes_ends_what_is_in_progress() {
    let connection = product();
    let (open, test) = (started(&connection, "okta"), text(&connection, r#"SELECT authz_sso_start('okta', '{"origin": "test"}')"#, []));
    let seq = last_seq(&connection);
    connection.execute("DELETE FROM authz_organizations WHERE id = 7", []).unwrap();
    connection.execute("UPDATE authz_connections SET name = 'Okta' WHERE id = 'okta'", []).unwrap();
    connection.execute("UPDATE authz_connections SET state = 'inactive' WHERE id = 'okta'", []).unwrap();
    assert!(refusal(&connection, "SELECT authz_sso_succeed(?1, ?2)", [open.as_str(), ANA]).contains("connection_unlinked"));
    connection.execute("DELETE FROM authz_memberships", []).unwrap();
    connection.execute("DELETE FROM authz_organizations", []).unwrap();
    let mut told: Vec<String> =
        events(&connection, seq).into_iter().filter(|name| !name.contains("role") && !name.contains("membership")).collect();
    // Of the two that end together, either may come first.
    told[3..5].sort();
    assert_eq!(
        told,
        [
            "organization.deleted",
            "connection.deactivated",
            "connection.deleted",
            "authentication.sso_failed",
            "authentication.sso_test_failed",
            "connection.deleted",
            "organization.deleted",
        ]
    );
    assert_eq!((status(&connection, &open).as_str(), status(&connection, &test).as_str()), ("failed", "test_failed"));
    assert_eq!(json(&text(&connection, "SELECT authz_sso_session(?1)", [&open]))["error_code"], "connection_deleted");
}

#[test]
fn the_report_counts_each_connection() {
    let connection = product();
    for seconds in [1, 2, 10] {
        text(&connection, "SELECT authz_set_now(NULL)", []);
        let session = started(&connection, "okta");
        let to = "SELECT authz_set_now(strftime('%Y-%m-%dT%H:%M:%fZ', started_at, '+' || ?2 || ' seconds')) FROM authz_sso_sessions WHERE id = ?1";
        connection.query_row(to, (&session, seconds), |_| Ok(())).unwrap();
        text(&connection, "SELECT authz_sso_succeed(?1, ?2)", [session.as_str(), ANA]);
    }
    text(&connection, "SELECT authz_set_now(NULL)", []);
    let failed = started(&connection, "okta");
    text(&connection, "SELECT authz_sso_fail(?1, 'access_denied', NULL)", [&failed]);
    started(&connection, "oidc");
    text(&connection, r#"SELECT authz_sso_start('okta', '{"origin": "test"}')"#, []);
    let report =
        "SELECT connection || '|' || started || '|' || succeeded || '|' || failed || '|' || timed_out || '|' || ifnull(median_seconds, '-')
        || '|' || ifnull(commonest_error, '-') FROM authz_sso_report";
    let rows = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get::<_, String>(0)).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(rows(report), ["oidc|1|0|0|0|-|-", "okta|4|3|1|0|2.0|access_denied"]);
    later(&connection, 400);
    assert_eq!(rows(report)[0], "oidc|1|0|0|1|-|sso_timed_out");
    assert_eq!(rows(&format!("{report}('2999-01-01')")), [""; 0]);
    assert!(refusal(&connection, &format!("{report}('soon')"), []).contains("is not a time"));
}

#[test]
fn who_asks_for_the_announced_name_gets_it() {
    let connection = product();
    started(&connection, "okta");
    later(&connection, 301);
    number(&connection, "SELECT authz_sweep()", []);
    let names = |names: &str| option(&connection, "SELECT group_concat(event) FROM authz_next_events('c', 10, ?1)", [names]);
    assert_eq!(names(r#"["authentication.sso_timedout"]"#).as_deref(), Some("authentication.sso_timedout"));
    assert_eq!(names(r#"["authentication.sso_timedout", "user.*"]"#).as_deref(), Some("user.created,authentication.sso_timedout"));
    assert_eq!(names(r#"["authentication.sso_timed*"]"#).as_deref(), Some("authentication.sso_timed_out"));
    assert_eq!(
        names(r#"["authentication.sso_timedout", "authentication.sso_timed_out"]"#).as_deref(),
        Some("authentication.sso_timed_out")
    );
}
