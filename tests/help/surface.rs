//! What the reference says against what is registered.

use std::collections::{BTreeMap, BTreeSet};

use authz::rusqlite::Connection;

use super::{Entry, entries, migrated};

const DIRECT_ONLY: i64 = 0x8_0000;

pub(super) fn strings(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(|text| text.unwrap()).collect()
}

/// The columns of a table, whatever it is: name, type, and whether it is hidden. None of a module that is no table by itself.
fn columns(connection: &Connection, table: &str) -> Vec<(String, String, bool)> {
    let mut statement = connection.prepare("SELECT name, type, hidden = 1 FROM pragma_table_xinfo(?1)").unwrap();
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap_or_default()
}

/// Everything public on a connection whose file has the schema, with its kind.
fn public(connection: &Connection) -> BTreeSet<(String, String)> {
    let mut public = BTreeSet::new();
    for name in strings(connection, "SELECT DISTINCT name FROM pragma_function_list WHERE name GLOB 'authz_*'") {
        public.insert((name, "function".to_owned()));
    }
    for name in strings(connection, "SELECT name FROM pragma_module_list WHERE name GLOB 'authz_*'") {
        let kind = if columns(connection, &name).is_empty() { "module" } else { "table function" };
        public.insert((name, kind.to_owned()));
    }
    let mut statement = connection
        .prepare("SELECT name, type FROM (SELECT * FROM main.sqlite_schema UNION ALL SELECT * FROM temp.sqlite_schema) WHERE type IN ('table', 'view') AND name GLOB 'authz_*'")
        .unwrap();
    public.extend(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(|row| row.unwrap()));
    public
}

/// The parts of a list between commas that are not in brackets.
fn parts(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The numbers of arguments that `a, b [, c [, d, e]]` allows: all that is in the same brackets is given together.
fn arities(arguments: &str) -> BTreeSet<i64> {
    let mut groups = arguments.split('[');
    let mut count = parts(groups.next().unwrap()).len();
    let mut arities = BTreeSet::from([i64::try_from(count).unwrap()]);
    for group in groups {
        count += parts(group.trim_end_matches(']')).len();
        arities.insert(i64::try_from(count).unwrap());
    }
    arities
}

/// The names of arguments or columns, each with the type that follows it.
fn named(list: &str) -> Vec<(String, String)> {
    let list = list.replace(['[', ']'], "");
    parts(&list)
        .into_iter()
        .map(|part| {
            part.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned())).unwrap_or_else(|| panic!("`{part}` in {list}"))
        })
        .collect()
}

/// The columns that a result of the form `rows (…)` names.
fn columns_of(entry: &Entry) -> Vec<(String, String)> {
    let list = entry
        .result
        .strip_prefix("rows (")
        .and_then(|rest| rest.split_once(')'))
        .unwrap_or_else(|| panic!("{}: {}", entry.name, entry.result))
        .0;
    named(list)
}

#[test]
fn every_public_name_is_in_the_reference_and_every_entry_is_of_one() {
    let public = public(&migrated());
    let told: BTreeSet<(String, String)> = entries().into_iter().map(|entry| (entry.name, entry.kind)).collect();
    let missing: Vec<_> = public.difference(&told).collect();
    let too_many: Vec<_> = told.difference(&public).collect();
    assert!(missing.is_empty(), "write an entry in src/help/ for {missing:?}");
    assert!(too_many.is_empty(), "src/help/ has entries for what is not there: {too_many:?}");
    assert_eq!(told.len(), entries().len(), "a name has two entries");
}

#[test]
fn functions_take_as_many_arguments_as_they_are_said_to() {
    let connection = migrated();
    let mut registered: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT name, narg FROM pragma_function_list WHERE name GLOB 'authz_*'").unwrap();
    for row in statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap() {
        let (name, count) = row.unwrap();
        registered.entry(name).or_default().insert(count);
    }
    for entry in entries() {
        match entry.kind.as_str() {
            "function" => {
                assert_eq!(arities(&entry.arguments), registered[&entry.name], "{}: {}", entry.name, entry.arguments);
                named(&entry.arguments);
            }
            "table function" => {
                let hidden = columns(&connection, &entry.name).into_iter().filter(|(_, _, is_hidden)| *is_hidden).map(|(name, _, _)| name);
                let told = named(&entry.arguments).into_iter().map(|(name, _)| name);
                assert_eq!(told.collect::<Vec<_>>(), hidden.collect::<Vec<_>>(), "{}: {}", entry.name, entry.arguments);
            }
            "module" => {}
            _ => assert_eq!(entry.arguments, "", "{}", entry.name),
        }
    }
}

#[test]
fn functions_write_where_they_are_said_to() {
    let connection = migrated();
    for entry in entries().into_iter().filter(|entry| entry.kind == "function") {
        let sql = "SELECT flags FROM pragma_function_list WHERE name = ?1";
        let flags: i64 = connection.query_row(sql, [&entry.name], |row| row.get(0)).unwrap();
        assert_eq!(flags & DIRECT_ONLY != 0, entry.writes, "{}", entry.name);
    }
}

#[test]
fn tables_have_the_columns_that_they_are_said_to_have() {
    let connection = migrated();
    let create = entries().into_iter().find(|entry| entry.kind == "module").unwrap().example;
    connection.execute_batch("CREATE TABLE folders (id INTEGER PRIMARY KEY, parent_id INTEGER)").unwrap();
    connection.execute_batch(&create).unwrap();
    for entry in entries().into_iter().filter(|entry| entry.kind != "function") {
        let table = if entry.kind == "module" { "folder_tree" } else { &entry.name };
        let there: Vec<(String, String, bool)> = columns(&connection, table).into_iter().filter(|(_, _, is_hidden)| !is_hidden).collect();
        let told = columns_of(&entry);
        let names = |list: &[String]| list.join(", ");
        assert_eq!(
            names(&told.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()),
            names(&there.iter().map(|(name, _, _)| name.clone()).collect::<Vec<_>>()),
            "{}",
            entry.name
        );
        for ((name, told), (_, there, _)) in told.iter().zip(&there).filter(|_| entry.kind == "table") {
            let expected = match there.as_str() {
                "ANY" => ["INTEGER or TEXT", "TEXT"],
                "TEXT" => ["TEXT", "JSON"],
                other => [other, other],
            };
            assert!(expected.contains(&told.as_str()), "{}: `{name}` is {there} and not {told}", entry.name);
        }
    }
}

#[test]
fn what_is_read_only_refuses_to_be_written() {
    let connection = migrated();
    for entry in entries().into_iter().filter(|entry| entry.kind == "view" && !entry.writes) {
        assert!(
            connection.execute_batch(&format!("DELETE FROM {}", entry.name)).is_err() || entry.name == "authz_events",
            "{}",
            entry.name
        );
    }
}
