//! The `authz` command: what it prints, what it exits with, what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Exit status, standard output, standard error.
fn authz(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_authz")).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn demo(folder: &Path) -> String {
    let path = folder.join("demo.db").to_str().unwrap().to_owned();
    let (status, out, err) = authz(&["demo", "--path", &path]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("Mobile app: Test report") && out.contains(".load target/release/libauthz"), "{out}");
    path
}

fn json_of(arguments: &[&str]) -> Value {
    let (status, out, err) = authz(arguments);
    assert!(status < 2, "{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn the_demo_runs_twice_and_spares_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(folder.path());
    assert_eq!(demo(folder.path()), first);
    let other = folder.path().join("other.db");
    std::fs::write(&other, "mine").unwrap();
    let (status, _, err) = authz(&["demo", "--path", other.to_str().unwrap()]);
    assert_eq!(status, 2);
    assert!(err.contains("is there already and is no demo"), "{err}");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
}

#[test]
fn questions_are_answered_for_people_and_programs() {
    let folder = tempfile::tempdir().unwrap();
    let db = &demo(folder.path());
    let ana = ["user:ana", "document:edit", "document"];
    assert_eq!(authz(&["check", db, ana[0], ana[1], ana[2], "30"]), (0, "yes\n".into(), String::new()));
    assert_eq!(authz(&["check", db, ana[0], ana[1], ana[2], "6"]), (1, "no\n".into(), String::new()));
    assert_eq!(json_of(&["check", db, ana[0], ana[1], ana[2], "6", "--json"]), json!({"allowed": false}));
    let (status, out, err) = authz(&["check", db, "user:ana", "document:edti", "document", "6"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(err, "authz: authz_check: unknown permission `document:edti`; did you mean `document:edit`?\n");

    let (_, out, _) = authz(&["explain", db, ana[0], ana[1], ana[2], "30"]);
    assert_eq!(
        out,
        "user:ana has document:edit on document 30\n  is a member of group:platform\n  holds the role project-editor on project search\n  which holds document 30\n"
    );
    let (_, out, _) = authz(&["explain", db, "user:contractor", "document:read", "document", "1"]);
    assert!(out.contains("on project website: project-editor, which expired at 2025-12-31T23:59:59.000Z"), "{out}");
    assert_eq!(json_of(&["explain", db, ana[0], ana[1], ana[2], "30", "--json"])["because"]["role"], "project-editor");

    let listed = json_of(&["list-resources", db, "user:chloe", "document:read", "document", "--under", "project", "website", "--json"]);
    assert_eq!(listed, json!([{"resource_id": 6, "name": "Website: Launch plan"}]));
    assert_eq!(json_of(&["list-resources", db, "user:nobody", "document:read", "document", "--json"]), json!([]));
    let subjects = json_of(&["list-subjects", db, "document:read", "document", "6", "--json"]);
    assert_eq!(subjects.as_array().unwrap().len(), 6);
    let (_, out, _) = authz(&["list-subjects", db, "document:read", "document", "6"]);
    assert!(out.contains("│ user:chloe        │"), "{out}");

    let (_, out, _) = authz(&["tree", db, "organization", "globex", "--depth", "2"]);
    assert_eq!(
        out,
        "organization globex “Globex”\n└─ workspace globex-labs “Labs”\n   ├─ project fusion “Fusion”\n   └─ project lidar “Lidar”\n"
    );
    let tree = json_of(&["tree", db, "organization", "acme", "--json"]);
    assert_eq!(tree[0]["assignments"], 1);
    let (status, _, err) = authz(&["tree", db, "organization", "none"]);
    assert_eq!(status, 2);
    assert!(err.contains("no organization `none` is registered"), "{err}");
}

#[test]
fn migrations_and_models_go_through_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("app.db");
    let db = db.to_str().unwrap();
    assert_eq!(json_of(&["migrate", db, "--dry-run", "--json"])["applied"][0], "V1__foundation");
    assert!(!Path::new(db).exists());
    let (status, _, err) = authz(&["check", db, "user:a", "p", "t", "1"]);
    assert_eq!((status, Path::new(db).exists()), (2, false), "{err}");
    let (_, out, _) = authz(&["migrate", db]);
    assert!(out.starts_with("schema version 0 → ") && out.contains(": applied V1__foundation, "), "{out}");
    assert!(authz(&["migrate", db]).1.ends_with(": nothing to do\n"));
    let (_, sql, _) = authz(&["migrate", "--print-sql"]);
    assert!(sql.starts_with("BEGIN;") && sql.ends_with("COMMIT;\n") && sql.contains("CREATE TABLE authz_roles"));

    let model = folder.path().join("model.json");
    std::fs::write(&model, r#"{"permissions": {"organization:read": {"resource_type": "organization"}}}"#).unwrap();
    let model = model.to_str().unwrap();
    let planned = json_of(&["plan", db, model, "--json"]);
    assert_eq!(planned.as_array().unwrap().len(), 1);
    assert_eq!(planned[0]["name"], "organization:read");
    assert_eq!(authz(&["apply", db, model]).1, "created permission organization:read\n");
    assert_eq!(authz(&["apply", db, model]).1, "nothing to change\n");
    assert_eq!(authz(&["plan", db, model]).1, "(none)\n");

    let mut from_input =
        Command::new(env!("CARGO_BIN_EXE_authz")).args(["apply", db, "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    from_input.stdin.take().unwrap().write_all(b"{}").unwrap();
    let output = from_input.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "removed permission organization:read\n");
    let (status, _, err) = authz(&["apply", db, "no/such/model.json"]);
    assert_eq!(status, 2);
    assert!(err.starts_with("authz: cannot read `no/such/model.json`"), "{err}");
}

#[test]
fn wrong_usage_exits_with_two() {
    assert_eq!(authz(&["check", "x.db"]).0, 2);
    assert_eq!(authz(&["chekc"]).0, 2);
    assert_eq!(authz(&["--help"]).0, 0);
}
