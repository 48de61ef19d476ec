//! The library refuses SQLite 3.37.0 by a sentence, and the host goes on.
#![cfg(test)]

use std::path::Path;

use rusqlite::{Connection, LoadExtensionGuard};

#[test]
fn an_older_host_gets_a_sentence() {
    assert_eq!(rusqlite::version(), "3.37.0");
    let name = format!("{}authz{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/loadable/release").join(name);
    assert!(library.is_file(), "{} is missing: run `cargo loadable --target-dir target/loadable` first", library.display());

    let connection = Connection::open_in_memory().unwrap();
    // SAFETY: the library was built from this repository.
    let refused = unsafe {
        let _guard = LoadExtensionGuard::new(&connection).unwrap();
        connection.load_extension(&library, None).unwrap_err().to_string()
    };
    assert!(refused.ends_with("authz: SQLite 3.37.0 is older than 3.38.0, the oldest that can load this library"), "was told: {refused}");
    assert_eq!(connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)), Ok(1));
    connection.close().map_err(|(_, error)| error).unwrap();
}
