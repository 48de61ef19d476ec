//! A rollback takes a grant along in the drivers that applications have, each in its default mode, when functions are called by INSERT:
//! Python's sqlite3 module and SQLAlchemy, better-sqlite3, rusqlite. `.ci/run` installs the first two into `target/drivers`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use std::path::{Path, PathBuf};
use std::process::Command;

use authz::rusqlite::Connection;

const MODEL: &str = r#"{"resource_types": {"document": {"parents": ["organization"]}},
  "permissions": {"document:read": {"resource_type": "document"}},
  "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}"#;

fn drivers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/drivers")
}

/// Runs a script of `tests/drivers` with the library and a folder of its own.
fn run(program: &Path, script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drivers").join(script);
    let output = Command::new(program).arg(&script).arg(needs::library()).arg(folder.path()).current_dir(drivers()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}: {}{}", script.display(), text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout), "ok\n");
}

#[test]
fn python_and_sqlalchemy() {
    let python = drivers().join("python/bin/python");
    if needs::is_installed(&python, "pysqlite3-binary and SQLAlchemy") {
        run(&python, "rollback.py");
    }
}

#[test]
fn better_sqlite3() {
    if needs::is_installed(&drivers().join("node_modules/better-sqlite3"), "better-sqlite3") {
        run(Path::new("node"), "rollback.js");
    }
}

#[test]
fn rusqlite() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    let call = |function: &str, arguments: &str| {
        connection.execute("INSERT INTO authz_call(function, arguments) VALUES (?1, ?2)", [function, arguments])
    };
    let allowed = || {
        let sql = "SELECT authz_check('user:ana', 'document:read', 'document', 1)";
        connection.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap()
    };
    call("apply", &format!("[{MODEL}]")).unwrap();
    call("put_resource", r#"["organization", "acme", null, null]"#).unwrap();
    call("put_resource", r#"["document", 1, "organization", "acme"]"#).unwrap();
    let transaction = connection.unchecked_transaction().unwrap();
    call("grant", r#"["user:ana", "reader", "document", 1]"#).unwrap();
    assert!(allowed());
    transaction.rollback().unwrap();
    assert!(!allowed());
    call("grant", r#"["user:ana", "reader", "document", 1]"#).unwrap();
    assert!(allowed());
    let refused = call("grant", r#"["user:ana", "raeder", "document", 1]"#).unwrap_err();
    assert_eq!(refused.to_string(), "authz_grant: unknown role `raeder`; did you mean `reader`?");
}

/// What is given to `authz_call` and is no call of a function that writes.
#[test]
fn a_call_that_makes_no_sense_is_refused_by_a_sentence() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    for (values, sentence) in [
        ("(NULL, '[]')", "authz_call: the function is NULL; give its name, such as `grant`"),
        ("('grnat', '[]')", "authz_call: there is no function `grnat` that writes; did you mean `grant`?"),
        ("('check', '[]')", "authz_call: there is no function `check` that writes"),
        ("('migrate', '[]')", "authz_call: there is no function `migrate` that writes"),
        ("('authz_grant', '[]')", "authz_grant: 0 arguments were given; it takes 4 to 5"),
        ("('grant', NULL)", "authz_grant: 0 arguments were given; it takes 4 to 5"),
        ("('unmap_group_role', '[1, 2, 3, 4]')", "authz_unmap_group_role: 4 arguments were given; it takes 3 or 5"),
        ("('put_command', '[]')", "authz_put_command: 0 arguments were given; it takes 5 or 6 or 8"),
        ("('remove_command', '[1, 2]')", "authz_remove_command: 2 arguments were given; it takes 1"),
        ("('grant', '{}')", "authz_grant: the arguments must be a JSON array, as json_array() makes it"),
        ("('grant', 'user:ana')", "authz_grant: the arguments must be a JSON array, as json_array() makes it"),
        ("('grant', x'5b5d')", "authz_grant: the JSON array of arguments is BLOB; it must be TEXT"),
    ] {
        let sql = format!("INSERT INTO authz_call(function, arguments) VALUES {values} RETURNING authz_result()");
        let error = connection.query_row(&sql, [], |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains(sentence), "{values}: {error}");
        assert!(connection.is_autocommit());
    }
    let none = connection.query_row("SELECT authz_result()", [], |_| Ok(())).unwrap_err();
    assert_eq!(none.to_string(), "authz_result: no function has been called by INSERT INTO authz_call on this connection");
}
