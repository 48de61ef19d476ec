//! `authz sessions` and `authz session`: for the one who debugs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;
use serde_json::{Value, json};

use crate::{number, text};

/// Exit status, standard output, standard error.
fn authz(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_authz")).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json_of(arguments: &[&str]) -> Value {
    let (status, out, err) = authz(arguments);
    assert_eq!(status, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

/// A file with a sign-in of each kind; the connection stays open.
fn file(folder: &std::path::Path) -> (String, Connection) {
    let path = folder.join("app.db");
    let connection = Connection::open(&path).unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_organizations (id) VALUES ('acme');
             INSERT INTO authz_users (id, email) VALUES ('ana', 'ana@acme.com');
             INSERT INTO authz_memberships (user, organization) VALUES ('ana', 'acme');
             INSERT INTO authz_connections (id, organization, type, name) VALUES ('okta', 'acme', 'OktaSAML', 'Okta of Acme'), ('oidc', 'acme', 'GenericOIDC', NULL);
             INSERT INTO authz_sso_sessions (id, connection, started_at) VALUES ('late', 'oidc', '2020-01-31T12:00:00.000Z');
             INSERT INTO authz_sso_sessions (id, connection) VALUES ('open', 'oidc');
             INSERT INTO authz_sso_sessions (id, connection, user_agent) VALUES ('bad', 'okta', 'x' || char(27) || '[2J');
             SELECT authz_sso_fail('bad', 'access_denied', 'not assigned', '{\"status\": 403, \"id_token\": \"abc\"}');
             INSERT INTO authz_sso_sessions (id, connection, email) VALUES ('odd', 'okta', 'bo@acme.com');
             SELECT authz_sso_fail('odd', 'AADSTS50105', 'odd');
             INSERT INTO authz_sso_sessions (id, connection, origin) VALUES ('test', 'okta', 'test');
             INSERT INTO authz_sessions (id, user, organization, auth_method) VALUES ('web', 'ana', 'acme', 'sso');",
        )
        .unwrap();
    let good =
        text(&connection, r#"SELECT authz_sso_start('okta', '{"request": {"SAMLRequest": "fZJN", "nested": {"list": [1, 2]}}}')"#, []);
    text(&connection, r#"SELECT authz_sso_succeed(?1, '{"idp_id": "1", "email": "Ana@acme.com"}')"#, [&good]);
    (path.to_str().unwrap().to_owned(), connection)
}

#[test]
fn the_newest_sign_ins_are_listed_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let (db, _connection) = file(folder.path());
    let ids = |filter: &[&str]| {
        let listed = json_of(&[&["sessions", &db, "--json"], filter].concat());
        let mut ids: Vec<String> = listed.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        ids.retain(|id| !id.starts_with("sso_"));
        ids.sort();
        ids.join(" ")
    };
    assert_eq!(ids(&[]), "bad late odd open test");
    assert_eq!(ids(&["--status", "failed"]), "bad odd");
    assert_eq!(ids(&["--status", "timed_out"]), "late");
    assert_eq!(ids(&["--connection", "oidc"]), "late open");
    assert_eq!(ids(&["--email", "BO@acme.com"]), "odd");
    assert_eq!(ids(&["--since", "1h"]), "bad odd open test");
    assert_eq!(ids(&["--since", "2020-01-31T12:00", "--status", "timed_out"]), "late");
    assert_eq!(ids(&["--since", "2020-01-31T13:00+01:30", "--status", "timed_out"]), "late");
    assert_eq!(ids(&["--since", "2020-02-01", "--status", "timed_out"]), "");
    assert_eq!(json_of(&["sessions", &db, "--limit", "2", "--json"]).as_array().unwrap().len(), 2);
    let (status, out, _) = authz(&["sessions", &db]);
    assert!(status == 0 && out.contains("access_denied") && out.contains("│ ana@acme.com") | out.contains("Ana@acme.com"), "{out}");
    assert_eq!(authz(&["sessions", &db, "--email", "nobody@acme.com"]).1, "(none)\n");
    let (status, _, err) = authz(&["sessions", &db, "--since", "soon"]);
    assert!(status == 2 && err.contains("`soon` is neither a time"), "{err}");
    assert_eq!(authz(&["sessions", &db, "--status", "lost"]).0, 2);
}

#[test]
fn one_session_is_shown_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = file(folder.path());
    let shown = |id: &str| authz(&["session", &db, id]).1;
    let bad = shown("bad");
    for part in [
        "bad: failed\n",
        "  connection    okta (“Okta of Acme”, OktaSAML) of organization acme\n",
        "  client        no address, x\\u{1b}[2J\n",
        "    +0.000 s  20",
        "started at the application\n",
        "failed: not assigned (access_denied)\n",
        "              response:\n                {\n                  \"status\": 403,\n                  \"id_token\": \"[masked]\"\n                }\n",
        "  access_denied: The identity provider refused the person",
        "  Next: Ask the administrator of the identity provider",
    ] {
        assert!(bad.contains(part), "{part}\n{bad}");
    }
    let late = shown("late");
    assert!(late.contains("late: timed out\n") && late.contains("+300.000 s  2020-01-31T12:05:00.000Z  timed out\n"), "{late}");
    assert!(late.contains("sso_timed_out: The sign-in was not completed in time.\n  Next: Ask the person to begin again"), "{late}");
    assert!(shown("open").contains("will have timed out, unless it is completed before"), "{}", shown("open"));
    assert!(shown("test").contains("started as a test\n") && shown("test").contains("a test never times out"));
    assert!(shown("odd").contains("AADSTS50105: a code of the identity provider's or the application's own\n  Next: Look at the response"));
    let good = text(&connection, "SELECT id FROM authz_sso_sessions WHERE status = 'success'", []);
    let told = shown(&good);
    assert!(
        told.contains("\"SAMLRequest\": \"fZJN\"") && told.contains("succeeded as Ana@acme.com") && told.contains("user ana"),
        "{told}"
    );
    let object = json_of(&["session", &db, &good, "--json"]);
    assert_eq!((&object["request"]["nested"], &object["status"]), (&json!({"list": [1, 2]}), &json!("success")));
    let web = shown("web");
    assert!(
        web.contains("web: active\n") && web.contains("user          ana in organization acme") && web.contains("started by sso\n"),
        "{web}"
    );
    let (status, _, err) = authz(&["session", &db, "none"]);
    assert_eq!((status, err.as_str()), (2, "authz: there is no session `none`; `authz sessions` lists the newest sign-ins\n"));
}

#[test]
fn events_are_shown_by_the_name_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (db, _connection) = file(folder.path());
    let names = |arguments: &[&str]| {
        let (_, out, err) = authz(&[&["events", &db, "--json"], arguments].concat());
        assert_eq!(err, "");
        let event = |line: &str| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned();
        out.lines().map(event).collect::<Vec<_>>().join(" ")
    };
    for consumer in [&[][..], &["--consumer", "hook"]] {
        let asked = |name: &'static str| names(&[consumer, &["--names", name]].concat());
        assert_eq!(asked("authentication.sso_timedout"), "authentication.sso_timedout");
    }
    assert_eq!(names(&["--names", "authentication.sso_timed_out"]), "authentication.sso_timed_out");
    assert_eq!(names(&["--names", "authentication.sso_time*,authentication.sso_timedout"]), "authentication.sso_timed_out");
    assert_eq!(names(&["--names", "session.*"]), "session.created");
}

#[test]
fn a_watched_list_is_drawn_anew_and_ends_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (db, connection) = file(folder.path());
    let mut watching = Command::new(env!("CARGO_BIN_EXE_authz"))
        .args(["sessions", &db, "--watch", "--connection", "oidc"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut seen = |what: &str| while !lines.next().unwrap().unwrap().contains(what) {};
    seen("in_progress");
    text(&connection, "SELECT authz_sso_fail('open', 'oauth_failed', NULL)", []);
    seen("oauth_failed");
    assert!(Command::new("kill").args(["-TERM", &watching.id().to_string()]).status().unwrap().success());
    assert!(watching.wait().unwrap().success());
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_sso_sessions", []), 6);
}
