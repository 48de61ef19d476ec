//! A name is in the system that brings it, and what needs a system that a file lacks says how to bring it.

use std::collections::BTreeSet;

use authz::rusqlite::Connection;

use super::surface::strings;
use super::{Entry, entries, open};

/// A connection to a file that has one system and what that needs.
fn with(system: &str) -> Connection {
    let connection = open();
    connection.query_row("SELECT authz_migrate(?1)", [system], |_| Ok(())).unwrap();
    connection
        .execute_batch(
            "INSERT INTO authz_resource_types (slug) VALUES ('project'), ('document');
             INSERT INTO authz_resources (resource_type, resource_id) VALUES ('organization', 'acme')",
        )
        .unwrap();
    connection
}

/// Runs a statement to its end.
fn run(connection: &Connection, sql: &str) -> Result<(), String> {
    let mut statement = connection.prepare(sql).map_err(|error| error.to_string())?;
    let mut rows = statement.query([]).map_err(|error| error.to_string())?;
    while rows.next().map_err(|error| error.to_string())?.is_some() {}
    Ok(())
}

fn is_function(entry: &Entry) -> bool {
    entry.kind == "function" || entry.kind == "table function"
}

#[test]
fn tables_come_with_their_systems() {
    let entries = entries();
    for (system, brought) in [
        ("core", &["core"][..]),
        ("events", &["core", "events"]),
        ("identity", &["core", "events", "identity"]),
        ("search", &["core", "search"]),
    ] {
        let sql = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name GLOB 'authz_*'";
        let there: BTreeSet<String> = strings(&with(system), sql).into_iter().collect();
        let told =
            entries.iter().filter(|entry| matches!(entry.kind.as_str(), "table" | "view") && brought.contains(&entry.system.as_str()));
        assert_eq!(there, told.map(|entry| entry.name.clone()).collect(), "{system}");
    }
}

/// The functions are of core; a setting comes with the system that it is about.
const SETTINGS: [&str; 2] = ["authz_set_setting", "authz_setting"];

#[test]
fn functions_of_core_and_of_the_library_ask_for_no_other_system() {
    let connection = with("core");
    for entry in entries().iter().filter(|entry| is_function(entry) && ["core", "library"].contains(&entry.system.as_str())) {
        if SETTINGS.contains(&entry.name.as_str()) {
            continue;
        }
        if let Err(error) = run(&connection, &entry.example) {
            assert!(!error.contains("authz_migrate") && !error.contains("no such table: "), "{}: {error}", entry.name);
        }
    }
}

#[test]
fn functions_of_a_system_that_is_missing_say_how_to_bring_it() {
    let mut work_without = BTreeSet::new();
    for entry in entries().iter().filter(|entry| is_function(entry) && ["events", "identity", "search"].contains(&entry.system.as_str())) {
        match run(&with("core"), &entry.example) {
            Ok(()) => {
                work_without.insert(entry.name.clone());
            }
            // The statement itself names a table of the system.
            Err(error) if error.contains("no such table: authz_") => {}
            Err(error) => assert!(error.contains(&format!("authz_migrate('{}')", entry.system)), "{}: {error}", entry.name),
        }
    }
    assert_eq!(work_without.iter().map(String::as_str).collect::<Vec<_>>(), ["authz_set_actor"]);
}
