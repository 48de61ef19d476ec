//! The `authz` command: what it prints, what it exits with, what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;
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
    assert_eq!(err, "authz: authz_check: unknown permission or relation `document:edti`; did you mean `document:edit`?\n");

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
fn the_box_finds_what_the_subject_sees() {
    let folder = tempfile::tempdir().unwrap();
    let db = &demo(folder.path());
    for indexed in [false, true] {
        let found = json_of(&["search", db, "website launch", "--as", "user:chloe", "--json"]);
        assert_eq!(found[0]["title"], "Website: Launch plan");
        assert_eq!(found[0]["subtitle"], "Acme Corporation › Product › …");
        assert_eq!((&found[0]["matches"], &found[0]["target"]["resource_id"]), (&json!([[0, 15]]), &json!(6)));
        assert_eq!(found.as_array().unwrap().len(), 1);
        let (status, out, _) = authz(&["search", db, "launch", "--as", "user:ana", "--limit", "2"]);
        assert_eq!((status, out.matches("Launch plan").count()), (0, 2), "{out}");
        assert_eq!(authz(&["search", db, "launch", "--as", "user:nobody"]).1, "(none)\n");
        assert_eq!(json_of(&["search", db, "owner", "--all", "--kinds", "role", "--json"])[0]["id"], "owner");
        assert_eq!(authz(&["search", db, "launch"]).0, 2, "somebody has to look");
        if !indexed {
            assert_eq!(json_of(&["index-search", db, "--json"]), json!({"indexed": 96}));
            assert_eq!(authz(&["index-search", db]).1, "0 titles taken in\n");
        }
    }
    // What was written since is taken in when the file is migrated, and an index of another version is made anew.
    let connection = Connection::open(db).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let format = number("SELECT format FROM _authz_search_state");
    for write in
        ["UPDATE authz_resources SET name = 'Keel' WHERE resource_type = 'project'", "UPDATE _authz_search_state SET format = 1000"]
    {
        connection.execute_batch(write).unwrap();
        assert_eq!(authz(&["migrate", db]).0, 0);
        assert_eq!((number("SELECT count(*) FROM _authz_search_notes"), number("SELECT format FROM _authz_search_state")), (0, format));
        let found = json_of(&["search", db, "keel", "--all", "--kinds", "resource", "--json"]);
        assert_eq!(found.as_array().unwrap().len(), 7, "each project: {found}");
    }
}

#[test]
fn migrations_and_models_go_through_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("app.db");
    let db = db.to_str().unwrap();
    let plan = authz::migration_plan(&Connection::open_in_memory().unwrap()).unwrap();
    let newest = plan.to;
    assert_eq!(json_of(&["migrate", db, "--dry-run", "--json"]), json!({"from": 0, "to": plan.to, "applied": plan.applied}));
    assert!(!Path::new(db).exists());
    let (status, _, err) = authz(&["check", db, "user:a", "p", "t", "1"]);
    assert_eq!((status, Path::new(db).exists()), (2, false), "{err}");
    assert_eq!(authz(&["migrate", db]).1, format!("schema version 0 → {newest}: applied {}\n", plan.applied.join(", ")));
    assert_eq!(authz(&["migrate", db]).1, format!("schema version {newest}: nothing to do\n"));
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

const MODEL: &str = "
model
  schema 1.1
type user
type group
  relations
    define member: [user]
type folder
  relations
    define viewer: [user, group#member]
type document
  relations
    define parent: [folder]
    define blocked: [user]
    define viewer: viewer from parent but not blocked
";

/// In the format of OpenFGA's store files; the model is in a file of its own.
const STORE: &str = r#"
name: Documents # what is tested
model_file: ./model.fga
tuples:
  - user: user:ana
    relation: viewer
    object: folder:1
  - { user: "group:eng#member", relation: viewer, object: "folder:1" }
  - { user: "folder:1", relation: parent, object: "document:7" }
tests:
  - name: viewers of a folder
    description: see what is in it
    tuple_file: more.yaml
    check:
      - user: user:ana
        object: document:7
        assertions:
          viewer: true
          blocked: false
      - users: [user:ben, user:cy]
        objects: [document:7, document:8]
        assertions: { viewer: false }
    list_objects:
      - user: user:ana
        type: document
        assertions:
          viewer: [document:7]
          blocked: []
    list_users:
      - object: document:7
        user_filter: [{ type: user }, { type: group, relation: member }]
        assertions:
          viewer: { users: [user:ana, "group:eng#member", user:dee] }
  - name: nothing is left over
    check:
      - { user: user:ben, object: document:7, assertions: { blocked: false } }
"#;

#[test]
fn a_model_is_tested_by_a_store_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let model = file("model.fga", MODEL);
    file(
        "more.yaml",
        r#"[{"user": "user:ben", "relation": "blocked", "object": "document:7"}, {"user": "user:dee", "relation": "member", "object": "group:eng"}]"#,
    );
    let tests = file("store.fga.yaml", STORE);
    assert_eq!(authz(&["test", &tests]), (0, "10 of 10 assertions hold\n".to_owned(), String::new()));
    assert_eq!(authz(&["test", &model, &tests]).1, "10 of 10 assertions hold\n");
    assert_eq!(json_of(&["test", &model, &tests, "--json"]), json!({"assertions": 10, "failures": []}));

    // Another model, another answer, and why.
    let laxer = file("laxer.fga", &MODEL.replace(" but not blocked", " or blocked"));
    let (status, out, _) = authz(&["test", &laxer, &tests]);
    assert_eq!(
        (status, out.as_str()),
        (
            1,
            "FAILED viewers of a folder: user:ben viewer document:7: expected no, got yes\n  user:ben has viewer on document 7\n    \
             viewer on document 7 holds, defined as viewer from parent or blocked\n      blocked on document 7 holds, defined as [user]\n        \
             by the relationship of user:ben\n\
             FAILED viewers of a folder: the users of document:7 by viewer are wrong; not expected: user:ben\n  user:ben has viewer on document 7\n    \
             viewer on document 7 holds, defined as viewer from parent or blocked\n      blocked on document 7 holds, defined as [user]\n        \
             by the relationship of user:ben\n8 of 10 assertions hold\n"
        )
    );

    // A database is tested with what is in it, and nothing is written to it.
    let db = folder.path().join("app.db");
    let db = db.to_str().unwrap();
    authz(&["migrate", db]);
    authz(&["apply", db, &model]);
    let before = std::fs::read(db).unwrap();
    assert_eq!(authz(&["test", db, &tests]), (0, "10 of 10 assertions hold\n".to_owned(), String::new()));
    assert!(before == std::fs::read(db).unwrap());
    let connection = authz::rusqlite::Connection::open(db).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_relationships (subject, relation, resource_type, resource_id) VALUES ('user:ana', 'blocked', 'document', 7)",
        )
        .unwrap();
    let (status, out, _) = authz(&["test", db, &tests]);
    assert!(status == 1 && out.contains("user:ana viewer document:7: expected yes, got no") && out.contains("excluded by:"), "{out}");

    // What is wrong with the tests themselves is no failed test.
    for (text, sentence) in [
        (STORE.replace("description:", "descrption:"), "unknown field `descrption`"),
        (STORE.replace("relation: viewer\n", "relation: vewer\n"), "the type `folder` has no relation `vewer`; did you mean `viewer`?"),
        (STORE.replace("users: [user:ben, user:cy]", "object: document:9"), "a check has either `user` or `users`"),
        (STORE.replace("more.yaml", "none.yaml"), "test `viewers of a folder`: cannot read"),
        (STORE.replace("model_file: ./model.fga", ""), "has no model; give one, or a database, before it"),
        (
            STORE.replace("        type: document\n", "        type: document\n        context: {a: 1}\n"),
            "conditions and their context are not built",
        ),
    ] {
        let tests = file("wrong.fga.yaml", &text);
        let (status, _, err) = authz(&["test", &tests]);
        assert!(status == 2 && err.contains(sentence), "{err}");
    }
}

#[test]
fn wrong_usage_exits_with_two() {
    assert_eq!(authz(&["check", "x.db"]).0, 2);
    assert_eq!(authz(&["chekc"]).0, 2);
    assert_eq!(authz(&["--help"]).0, 0);
}
