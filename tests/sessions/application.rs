//! Sessions of the application.

use serde_json::json;

use crate::{events, json, last_seq, later, number, option, product, refusal, text};

fn subject(connection: &authz::rusqlite::Connection, session: &str) -> Option<String> {
    option(connection, "SELECT authz_session_subject(?1, 'acme')", [session])
}

#[test]
fn a_session_lives_until_it_is_revoked() {
    let connection = product();
    let seq = last_seq(&connection);
    let session = text(
        &connection,
        r#"SELECT authz_session_start('ana', 'acme', 'sso', '{"ip_address": "::1", "impersonator": {"email": "boss@acme.com"}}')"#,
        [],
    );
    assert_eq!(subject(&connection, &session).as_deref(), Some("user:ana"));
    assert_eq!(option(&connection, "SELECT authz_session_subject(?1)", [&session]).as_deref(), Some("user:ana"));
    for elsewhere in ["7", "'acme2'", "NULL", "''"] {
        let sql = format!("SELECT authz_session_subject(?1, {elsewhere})");
        match elsewhere {
            "''" => assert!(refusal(&connection, &sql, [&session]).contains("the organization"), "{sql}"),
            _ => assert_eq!(option(&connection, &sql, [&session]), None, "{sql}"),
        }
    }
    connection
        .execute_batch(
            r#"SELECT authz_apply('{"permissions": {"organization:read": {"resource_type": "organization"}},
                 "roles": {"member": {"resource_type": "organization", "permissions": ["organization:read"]}}}');"#,
        )
        .unwrap();
    let check = "SELECT authz_check(authz_session_subject(?1, ?2), 'organization:read', 'organization', 'acme')";
    assert_eq!(number(&connection, check, [session.as_str(), "acme"]), 1);
    assert_eq!(number(&connection, check, [session.as_str(), "7"]) + number(&connection, check, ["none", "acme"]), 0);
    assert_eq!(number(&connection, "SELECT authz_session_touch(?1)", [&session]), 1);
    assert_eq!(number(&connection, "SELECT authz_session_revoke(?1)", [&session]), 1);
    assert_eq!(number(&connection, "SELECT authz_session_revoke(?1)", [&session]), 0);
    assert_eq!(number(&connection, "SELECT authz_session_touch(?1)", [&session]), 0);
    assert_eq!(subject(&connection, &session), None);
    let told: Vec<String> = events(&connection, seq).into_iter().filter(|name| name.starts_with("session.")).collect();
    assert_eq!(told, ["session.created", "session.revoked"]);
    let data = json(&text(&connection, "SELECT data FROM authz_events WHERE event = 'session.revoked'", []));
    assert_eq!((&data["status"], &data["impersonator"]), (&json!("revoked"), &json!({"email": "boss@acme.com", "reason": null})));
    assert!(refusal(&connection, "UPDATE authz_sessions SET status = 'active'", []).contains("session_ended"));
    assert_eq!(number(&connection, "SELECT authz_session_touch('none') + authz_session_revoke('none')", []), 0);
}

#[test]
fn a_session_expires_by_age_and_by_inactivity() {
    let connection = product();
    let start = || text(&connection, "SELECT authz_session_start('ana', 'acme', 'password')", []);
    let old = start();
    later(&connection, 30 * 24 * 3600 - 60);
    assert_eq!(subject(&connection, &old).as_deref(), Some("user:ana"));
    later(&connection, 30 * 24 * 3600 + 60);
    assert_eq!(subject(&connection, &old), None);
    let seq = last_seq(&connection);
    assert_eq!(number(&connection, "SELECT authz_session_touch(?1)", [&old]), 0);
    assert_eq!(events(&connection, seq), ["session.expired"]);
    assert_eq!(text(&connection, "SELECT status || (ended_at = expires_at) FROM authz_sessions", []), "expired1");
    text(&connection, "SELECT authz_set_now(NULL)", []);

    text(&connection, "SELECT authz_set_setting('session_inactivity_seconds', 600) || ''", []);
    let (used, idle) = (start(), start());
    later(&connection, 500);
    assert_eq!(number(&connection, "SELECT authz_session_touch(?1)", [&used]), 1);
    later(&connection, 700);
    assert_eq!((subject(&connection, &used).as_deref(), subject(&connection, &idle)), (Some("user:ana"), None));
    assert_eq!(number(&connection, "SELECT authz_sweep()", []), 1);
    // A shorter time holds at once, also for those that are open.
    text(&connection, "SELECT authz_set_setting('session_inactivity_seconds', 100) || ''", []);
    assert_eq!(subject(&connection, &used), None);
    text(&connection, "SELECT authz_set_setting('session_inactivity_seconds', 0) || ''", []);
    assert_eq!(subject(&connection, &used).as_deref(), Some("user:ana"));
    for (name, value) in [("session_max_seconds", "0"), ("session_max_seconds", "'x'"), ("session_inactivity_seconds", "-1")] {
        assert!(refusal(&connection, &format!("SELECT authz_set_setting('{name}', {value})"), []).contains(name));
    }
}

#[test]
fn whoever_is_shut_out_is_signed_out() {
    for (change, revoked) in [
        ("UPDATE authz_memberships SET status = 'inactive' WHERE organization = 'acme'", 1),
        ("UPDATE authz_memberships SET status = 'pending' WHERE organization = 'acme'", 1),
        ("DELETE FROM authz_memberships WHERE organization = 'acme'", 1),
        ("DELETE FROM authz_users WHERE id = 'ana'", 3),
        ("UPDATE authz_memberships SET directory_managed = 1", 0),
    ] {
        let connection = product();
        connection.execute("INSERT INTO authz_memberships (user, organization) VALUES ('ana', 7)", []).unwrap();
        for organization in ["'acme'", "'7'", "NULL"] {
            text(&connection, &format!("SELECT authz_session_start('ana', {organization}, 'sso')"), []);
        }
        let seq = last_seq(&connection);
        connection.execute(change, []).unwrap();
        let told = events(&connection, seq);
        assert_eq!(told.iter().filter(|name| *name == "session.revoked").count(), revoked, "{change}: {told:?}");
        assert_eq!(number(&connection, "SELECT count(*) FROM authz_sessions WHERE status = 'revoked'", []) as usize, revoked);
    }
}

#[test]
fn a_session_needs_a_user_and_an_active_membership() {
    let connection = product();
    connection.execute("INSERT INTO authz_users (id, email) VALUES ('bo', 'bo@acme.com')", []).unwrap();
    connection.execute("INSERT INTO authz_memberships (user, organization, status) VALUES ('bo', 'acme', 'pending')", []).unwrap();
    for (call, word) in [
        ("'nobody', 'acme', 'sso'", "user_unknown"),
        ("'bo', 'acme', 'sso'", "membership_inactive: the user `bo` has a membership that is pending"),
        ("'ana', 7, 'sso'", "membership_inactive: the user `ana` has no membership"),
        ("'ana', 'none', 'sso'", "organization_unknown"),
        ("NULL, 'acme', 'sso'", "the user is NULL"),
        ("'ana', 'acme', 'sso', '[]'", "must be an object"),
        ("'ana', 'acme', 'sso', '{\"ip\": 1}'", "unknown field `ip`"),
        ("'ana', 'acme', 'sso', '{\"impersonator\": {\"reason\": \"x\"}}'", "`email` is missing"),
    ] {
        let told = refusal(&connection, &format!("SELECT authz_session_start({call})"), []);
        assert!(told.starts_with("authz_session_start: ") && told.contains(word), "{call}: {told}");
    }
    for (row, word) in
        [("'nobody', 'acme'", "user_unknown"), ("'bo', 'acme'", "membership_inactive"), ("'ana', '7'", "organization_unknown")]
    {
        let told = refusal(&connection, &format!("INSERT INTO authz_sessions (user, organization) VALUES ({row})"), []);
        assert!(told.contains(word), "{row}: {told}");
    }
    connection
        .execute(
            "INSERT INTO authz_sessions (id, user, organization, created_at) VALUES ('old', 'ana', 'acme', '2020-01-01T00:00:00.000Z')",
            [],
        )
        .unwrap();
    assert_eq!(text(&connection, "SELECT status FROM authz_sessions", []), "expired");
    assert_eq!(option(&connection, "SELECT authz_session_subject('old')", []), None);
    assert!(refusal(&connection, "UPDATE authz_sessions SET last_active_at = '2999-01-01T00:00:00.000Z'", []).contains("session_ended"));
    connection.execute("INSERT INTO authz_sessions (id, user) VALUES ('new', 'ana')", []).unwrap();
    assert_eq!(
        text(&connection, "SELECT group_concat(event) FROM authz_events WHERE event LIKE 'session.%'", []),
        "session.created,session.expired,session.created"
    );
    connection.execute("UPDATE authz_sessions SET status = 'revoked' WHERE id = 'new'", []).unwrap();
    connection.execute("DELETE FROM authz_sessions", []).unwrap();
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_sessions", []), 0);
}
