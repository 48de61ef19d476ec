//! The reference: `authz_help` names everything that is there, says what is true of it, and its examples run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod examples;
mod page;
mod surface;
mod systems;

use authz::rusqlite::{Connection, Row};

/// A row of `authz_help()`.
#[derive(Debug)]
struct Entry {
    name: String,
    kind: String,
    system: String,
    writes: bool,
    arguments: String,
    result: String,
    about: String,
    example: String,
}

impl Entry {
    fn read(row: &Row<'_>) -> authz::rusqlite::Result<Entry> {
        Ok(Entry {
            name: row.get("name")?,
            kind: row.get("kind")?,
            system: row.get("system")?,
            writes: row.get("writes")?,
            arguments: row.get("arguments")?,
            result: row.get("result")?,
            about: row.get("about")?,
            example: row.get("example")?,
        })
    }
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn migrated() -> Connection {
    let connection = open();
    authz::migrate(&connection).unwrap();
    connection
}

fn entries() -> Vec<Entry> {
    let connection = open();
    let mut statement = connection.prepare("SELECT * FROM authz_help()").unwrap();
    statement.query_map([], Entry::read).unwrap().map(|entry| entry.unwrap()).collect()
}

/// The names that a call is answered with, or the error.
fn names(sql: &str) -> Result<Vec<String>, String> {
    let connection = open();
    let mut statement = connection.prepare(sql).map_err(|error| error.to_string())?;
    let rows = statement.query_map([], |row| row.get("name")).map_err(|error| error.to_string())?;
    rows.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

#[test]
fn one_name_is_found_with_and_without_its_beginning() {
    for name in ["authz_check", "check", "CHECK", "Authz_Check"] {
        assert_eq!(names(&format!("SELECT name FROM authz_help('{name}')")).unwrap(), ["authz_check"], "{name}");
    }
    assert_eq!(names("SELECT name FROM authz_help() WHERE name = 'authz_grant'").unwrap(), ["authz_grant"]);
    assert_eq!(names("SELECT name FROM authz_help(NULL)").unwrap().len(), entries().len());
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    let refusal = |name: &str| names(&format!("SELECT name FROM authz_help('{name}')")).unwrap_err();
    assert_eq!(refusal("chek"), "authz_help: there is no function or table `chek`; did you mean `check`?");
    assert_eq!(refusal("authz_chek"), "authz_help: there is no function or table `authz_chek`; did you mean `check`?");
    assert_eq!(refusal("ü"), "authz_help: there is no function or table `ü`; SELECT name FROM authz_help() lists all names");
    assert_eq!(refusal(""), "authz_help: there is no function or table ``; SELECT name FROM authz_help() lists all names");
    assert!(names("SELECT name FROM authz_help(7)").unwrap_err().contains("the name is INTEGER; it must be TEXT"));
}

#[test]
fn rows_come_by_system_then_kind_then_name() {
    let place = |list: &[&str], word: &str| list.iter().position(|one| *one == word).unwrap_or_else(|| panic!("`{word}`"));
    let entries = entries();
    let keys: Vec<(usize, usize, &str)> = entries
        .iter()
        .map(|entry| {
            let system = place(&["core", "events", "identity", "search", "library"], &entry.system);
            (system, place(&["function", "table function", "table", "view", "module"], &entry.kind), entry.name.as_str())
        })
        .collect();
    assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
}

#[test]
fn views_of_the_file_may_read_it() {
    let connection = open();
    connection.execute_batch("PRAGMA trusted_schema = OFF; CREATE VIEW help AS SELECT name FROM authz_help('check')").unwrap();
    assert_eq!(connection.query_row("SELECT name FROM help", [], |row| row.get::<_, String>(0)).unwrap(), "authz_check");
}

/// One form for all texts, so that a reader and the page can rely on it.
#[test]
fn texts_have_one_form() {
    for Entry { name, result, about, example, arguments, .. } in &entries() {
        assert!(about.ends_with('.') && about.starts_with(|c: char| c.is_uppercase() || c == '`'), "{name}: {about}");
        assert!(!result.is_empty() && !result.ends_with('.'), "{name}: {result}");
        assert!(example.ends_with(';') && example.matches(';').count() == 1 && example.contains(name.as_str()), "{name}: {example}");
        for text in [arguments, result, about, example] {
            assert!(!text.contains(['\n', '\r', '\t', '|']) || text == example && !text.contains('\n'), "{name}: {text}");
            assert!(!text.contains("  ") && text.trim() == text, "{name}: {text}");
        }
    }
}
