//! What is kept between questions where SQLite's data version does not tell one state from another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::{self, Connection, OpenFlags, ffi};

fn ask(connection: &Connection) -> bool {
    connection
        .query_row("SELECT authz_check('user:ana', 'doc:read', 'doc', 1) FROM (SELECT 1 FROM authz_resources LIMIT 1)", [], |row| {
            row.get(0)
        })
        .unwrap()
}

fn titles(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare_cached("SELECT title FROM authz_search('report', 'user:ana')").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// A database in which ana reads the document if `yes`, and the document has that name.
fn database(yes: bool, name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made.db");
    let connection = Connection::open(&file).unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    connection
        .execute_batch(&format!(
            r#"SELECT authz_apply('{{"resource_types": {{"doc": {{"search": "doc:read"}}}}, "permissions": {{"doc:read": {{"resource_type": "doc"}}}},
                 "roles": {{"reader": {{"resource_type": "doc", "permissions": ["doc:read"]}}}}}}');
               SELECT authz_put_resource('doc', 1, NULL, NULL, '{name}');
               SELECT authz_grant('user:{}', 'reader', 'doc', 1);"#,
            if yes { "ana" } else { "bob" }
        ))
        .unwrap();
    drop(connection);
    std::fs::read(file).unwrap()
}

fn replace(connection: &mut Connection, content: &[u8]) {
    let size = i64::try_from(content.len()).unwrap();
    // SAFETY: the handle is open, and SQLite frees the copy that it is given.
    let code = unsafe {
        let copy = ffi::sqlite3_malloc64(content.len() as u64).cast::<u8>();
        copy.copy_from_nonoverlapping(content.as_ptr(), content.len());
        let flags = ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE;
        ffi::sqlite3_deserialize(connection.handle(), c"main".as_ptr(), copy, size, size, flags)
    };
    assert_eq!(code, ffi::SQLITE_OK);
}

#[test]
fn a_database_that_is_put_in_the_place_of_another_is_read_anew() {
    let (yes, no) = (database(true, "report one"), database(false, "report two"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    std::fs::write(&file, &yes).unwrap();
    for in_file in [true, false] {
        let mut connection = if in_file { Connection::open(&file).unwrap() } else { Connection::open_in_memory().unwrap() };
        authz::register(&connection).unwrap();
        if !in_file {
            replace(&mut connection, &yes);
        }
        for _ in 0..3 {
            assert!(ask(&connection));
            assert_eq!(titles(&connection), ["report one"]);
            replace(&mut connection, &no);
            assert!(!ask(&connection));
            assert!(titles(&connection).is_empty());
            replace(&mut connection, &yes);
        }
    }
}

#[test]
fn nothing_is_kept_of_what_others_have_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    std::fs::write(&file, database(false, "report")).unwrap();
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_SHARED_CACHE;
        let connection = Connection::open_with_flags(&file, flags).unwrap();
        authz::register(&connection).unwrap();
        connection
    };
    let (reader, writer) = (open(), open());
    reader.execute_batch("PRAGMA read_uncommitted = 1").unwrap();
    for end in ["ROLLBACK", "ROLLBACK", "COMMIT"] {
        writer.execute_batch("BEGIN; SELECT authz_grant('user:ana', 'reader', 'doc', 1)").unwrap();
        assert!(ask(&reader), "a connection that asks for it reads what is not committed");
        writer.execute_batch(end).unwrap();
        assert_eq!(ask(&reader), end == "COMMIT", "after {end}");
    }
}
