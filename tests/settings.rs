//! Settings that a host may have made on its connection: the library works, or says which one stands in its way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::ffi::c_int;

use authz::rusqlite::types::Value;
use authz::rusqlite::{self, Connection, ffi};

const WORK: [&str; 9] = [
    r#"SELECT authz_apply('{"resource_types": {"document": {"parents": ["organization"], "search": "document:read"}},
      "permissions": {"document:read": {"resource_type": "document"}},
      "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}')"#,
    "SELECT authz_put_resource('organization', 'acme', NULL, NULL, 'Acme')",
    "INSERT INTO authz_call (function, arguments) VALUES ('put_resource', '[\"document\", 1, \"organization\", \"acme\", \"Report\"]')",
    "SELECT authz_set_actor('ana', 'api')",
    "SELECT authz_grant('user:ana', 'reader', 'document', 1)",
    "SELECT authz_index_search()",
    "SELECT authz_check('user:ana', 'document:read', 'document', 1) + (SELECT count(*) FROM authz_list_subjects('document:read', 'document', 1))",
    "SELECT title FROM authz_search('rep', 'user:ana')",
    "SELECT group_concat(event) FROM authz_events",
];

/// What a connection with a setting answers.
fn answers(set: &dyn Fn(&Connection)) -> Vec<Result<Vec<Value>, String>> {
    let connection = Connection::open_in_memory().unwrap();
    set(&connection);
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    let ask = |sql: &str| -> rusqlite::Result<Vec<Value>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    WORK.map(|sql| ask(sql).map_err(|error| error.to_string())).to_vec()
}

fn configure(connection: &Connection, setting: c_int, on: c_int) {
    let mut now: c_int = -1;
    // SAFETY: the handle is open, and the setting takes an integer and a place for one.
    let code = unsafe { ffi::sqlite3_db_config(connection.handle(), setting, on, &raw mut now) };
    assert_eq!((code, now), (ffi::SQLITE_OK, on));
}

#[test]
fn comments_may_be_forbidden_and_columns_named_in_full() {
    let plain = answers(&|_| {});
    assert!(plain.iter().all(Result::is_ok), "{plain:?}");
    let without_comments = answers(&|connection| configure(connection, ffi::SQLITE_DBCONFIG_ENABLE_COMMENTS, 0));
    assert_eq!(without_comments, plain);
    let in_full =
        answers(&|connection| connection.execute_batch("PRAGMA short_column_names = OFF; PRAGMA full_column_names = ON").unwrap());
    assert_eq!(in_full, plain);
}

#[test]
fn a_host_that_counts_changes_is_told_so() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection.execute_batch("PRAGMA count_changes = ON").unwrap();
    let put = "SELECT authz_put_resource('organization', 'acme', NULL, NULL)";
    let told = connection.query_row(put, [], |_| Ok(())).unwrap_err().to_string();
    assert!(told.contains("run `PRAGMA count_changes = OFF`"), "{told}");
    assert_eq!(connection.query_row("SELECT count(*) FROM authz_resources", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    connection.execute_batch("PRAGMA count_changes = OFF").unwrap();
    assert_eq!(connection.query_row(put, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}
