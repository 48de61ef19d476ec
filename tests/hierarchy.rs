//! `authz_hierarchy`: every query has a recursive CTE as its twin, and both give the same rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod needs;

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, Params};
use proptest::prelude::*;

fn open(id_type: &str, rows: &[(Value, Value)]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
        .execute_batch(&format!(
            "CREATE TABLE folders (id {id_type}, parent {id_type}); CREATE INDEX f ON folders (parent); CREATE INDEX g ON folders (id)"
        ))
        .unwrap();
    for (id, parent) in rows {
        connection.execute("INSERT INTO folders VALUES (?1, ?2)", [id, parent]).unwrap();
    }
    connection.execute_batch("CREATE VIRTUAL TABLE tree USING authz_hierarchy(table=folders, id=id, parent=parent)").unwrap();
    connection
}

fn rows(connection: &Connection, sql: &str, parameters: impl Params) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map(parameters, |row| (0..columns).map(|index| row.get(index)).collect()).unwrap();
    let mut rows: Vec<Vec<Value>> = rows.collect::<Result<_, _>>().unwrap();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

/// The smallest depth of each node; the bound on depth makes the twin end on cycles.
const DOWN: &str = "WITH RECURSIVE t (node, depth) AS (
  SELECT id, 0 FROM folders WHERE id = ?1 UNION SELECT f.id, depth + 1 FROM t JOIN folders f ON f.parent = t.node WHERE depth < ?2)
  SELECT node, min(depth) FROM t GROUP BY node";
const UP: &str = "WITH RECURSIVE t (node, depth) AS (
  SELECT id, 0 FROM folders WHERE id = ?1
  UNION SELECT p.id, depth + 1 FROM t JOIN folders f ON f.id = t.node JOIN folders p ON p.id = f.parent WHERE depth < ?2)
  SELECT node, min(depth) FROM t GROUP BY node";

fn agree(connection: &Connection, id: &Value) {
    for depth in [0, 1, 2, 40] {
        let bound = Value::Integer(depth);
        let down = rows(connection, DOWN, [id, &bound]);
        let up = rows(connection, UP, [id, &bound]);
        assert_eq!(rows(connection, "SELECT node, depth FROM tree WHERE root = ?1 AND depth <= ?2", [id, &bound]), down, "down {id:?}");
        assert_eq!(rows(connection, "SELECT node, depth FROM tree WHERE root = ?1 AND depth < ?2 + 1", [id, &bound]), down);
        assert_eq!(rows(connection, "SELECT root, depth FROM tree WHERE node = ?1 AND depth <= ?2", [id, &bound]), up, "up {id:?}");
        if depth == 40 {
            assert_eq!(rows(connection, "SELECT node, depth FROM tree WHERE root = ?1", [id]), down);
            assert_eq!(rows(connection, "SELECT root, depth FROM tree WHERE node = ?1", [id]), up);
            for row in &down {
                let both = rows(connection, "SELECT depth FROM tree WHERE root = ?1 AND node = ?2", [id, &row[0]]);
                assert_eq!(both, vec![vec![row[1].clone()]]);
            }
        }
        let exact: Vec<_> = down.iter().filter(|row| row[1] == bound).cloned().collect();
        assert_eq!(rows(connection, "SELECT node, depth FROM tree WHERE root = ?1 AND depth = ?2", [id, &bound]), exact);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(needs::cases(48)))]
    /// Random tables: forests, self-loops, cycles, dangling parents, several parents for one id; integers, texts, both in one column.
    #[test]
    fn agrees_with_recursive_ctes(
        pairs in prop::collection::vec((0i64..14, prop::option::of(0i64..16)), 1..24),
        kind in 0..3,
    ) {
        let (declared, make): (&str, fn(i64) -> Value) = match kind {
            0 => ("INTEGER", Value::Integer),
            1 => ("TEXT", |n| Value::Text(format!("f{n}"))),
            _ => ("", |n| if n % 2 == 0 { Value::Integer(n) } else { Value::Text(n.to_string()) }),
        };
        let table: Vec<_> = pairs.iter().map(|(id, parent)| (make(*id), parent.map_or(Value::Null, make))).collect();
        let connection = open(declared, &table);
        for id in 0..16 {
            agree(&connection, &make(id));
        }
        // A join in either direction.
        let joined = "SELECT f.id, t.node FROM (SELECT DISTINCT id FROM folders) f JOIN tree t ON t.root = f.id";
        let turned = "SELECT t.root, f.id FROM (SELECT DISTINCT id FROM folders) f JOIN tree t ON t.node = f.id";
        prop_assert_eq!(rows(&connection, joined, []), rows(&connection, turned, []));
    }
}

#[test]
fn ids_compare_as_in_the_table() {
    let connection =
        open("", &[(Value::Integer(1), Value::Null), (Value::Real(2.5), Value::Integer(1)), (Value::Blob(vec![7]), Value::Real(2.5))]);
    let all = rows(&connection, "SELECT node, depth FROM tree WHERE root = 1.0", []);
    assert_eq!(all.len(), 3);
    assert!(rows(&connection, "SELECT * FROM tree WHERE root = '1'", []).is_empty());
    assert!(rows(&connection, "SELECT * FROM tree WHERE root = NULL", []).is_empty());
    assert!(rows(&connection, "SELECT * FROM tree WHERE node = 99", []).is_empty());
    let connection = open("INTEGER", &[(Value::Integer(1), Value::Null)]);
    assert_eq!(rows(&connection, "SELECT node FROM tree WHERE root = '1'", []), vec![vec![Value::Integer(1)]]);
}

#[test]
fn deep_and_wide_tables_are_walked() {
    let connection = open("INTEGER", &[]);
    connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
             INSERT INTO folders SELECT i, nullif(i - 1, 0) FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
             INSERT INTO folders SELECT 1000000 + i, 100000 FROM n;",
        )
        .unwrap();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM tree WHERE root = 1"), 150_000);
    assert_eq!(count("SELECT max(depth) FROM tree WHERE node = 1000007"), 100_000);
    assert_eq!(count("SELECT count(*) FROM tree WHERE root IN (99999, 100000)"), 100_003);
}

#[test]
fn a_query_without_a_bound_is_refused() {
    let connection = open("INTEGER", &[(Value::Integer(1), Value::Null)]);
    let error = connection.query_row("SELECT count(*) FROM tree", [], |_| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "authz_hierarchy: give a bound: `root = …` walks down, `node = …` walks up");
    assert!(connection.query_row("SELECT count(*) FROM tree WHERE root > 0", [], |_| Ok(())).is_err());
}

#[test]
fn bad_arguments_are_refused_by_name() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection.execute_batch("CREATE TABLE \"my \"\"odd\"\" folders\" (\"the id\", [up]); CREATE TABLE folders (id, parent_id)").unwrap();
    for (arguments, sentence) in [
        ("", "the argument `table` is missing"),
        ("table=folders, id=id", "the argument `parent` is missing"),
        ("table=folder, id=id, parent=parent_id", "there is no table `folder` in the schema `main`; did you mean `folders`?"),
        ("table=folders, id=id, parent=parent", "the table `folders` has no column `parent`; did you mean `parent_id`?"),
        ("table=folders, id=id, parent=parent_id, id=id", "the argument `id` is given twice"),
        ("tabel=folders", "unknown argument `tabel`; did you mean `table`?"),
        ("folders", "the argument `folders` is not of the form key=value"),
        ("table=, id=id, parent=parent_id", "the argument `table` is empty"),
    ] {
        let sql = format!("CREATE VIRTUAL TABLE t USING authz_hierarchy({arguments})");
        let error = connection.execute_batch(&sql).unwrap_err().to_string();
        assert!(error.contains(&format!("authz_hierarchy: {sentence}")), "{arguments}: {error}");
    }
    connection
        .execute_batch("CREATE VIRTUAL TABLE t USING authz_hierarchy(table=\"my \"\"odd\"\" folders\", id='the id', parent=[up])")
        .unwrap();
    assert!(rows(&connection, "SELECT * FROM t WHERE root = 1", []).is_empty());
}

#[test]
fn works_in_views_and_over_views_and_cannot_be_shadowed() {
    let connection = open("INTEGER", &[(Value::Integer(1), Value::Null), (Value::Integer(2), Value::Integer(1))]);
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF;
             CREATE VIEW below_one AS SELECT node FROM tree WHERE root = 1;
             CREATE VIEW visible AS SELECT id, parent FROM folders WHERE id <> 2;
             CREATE VIRTUAL TABLE seen USING authz_hierarchy(table=visible, id=id, parent=parent);
             CREATE TEMP TABLE folders (id, parent);
             INSERT INTO temp.folders VALUES (3, 1);",
        )
        .unwrap();
    assert_eq!(rows(&connection, "SELECT node FROM below_one", []).len(), 2);
    assert_eq!(rows(&connection, "SELECT node FROM seen WHERE root = 1", []).len(), 1);
    connection.execute_batch("CREATE VIRTUAL TABLE temp.own USING authz_hierarchy(table=folders, id=id, parent=parent)").unwrap();
    assert_eq!(rows(&connection, "SELECT node FROM own WHERE root = 3", []).len(), 1);
    connection.close().map_err(|(_, error)| error).unwrap();
}

#[test]
fn a_long_walk_ends_on_interrupt() {
    let connection = open("INTEGER", &[]);
    connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO folders SELECT i, nullif(i - 1, 0) FROM n;
             CREATE VIEW forever AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 1 AS parent FROM n;
             CREATE VIRTUAL TABLE endless USING authz_hierarchy(table=forever, id=id, parent=parent)",
        )
        .unwrap();
    let handle = connection.get_interrupt_handle();
    let stopper = std::thread::spawn(move || {
        // Interrupts only what runs, so it is repeated until the walk has begun and ended.
        for _ in 0..2000 {
            handle.interrupt();
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    let error = connection.query_row("SELECT count(*) FROM endless WHERE root = 1", [], |_| Ok(())).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(authz::rusqlite::ErrorCode::OperationInterrupted), "{error}");
    stopper.join().unwrap();
    connection.close().map_err(|(_, error)| error).unwrap();
}
