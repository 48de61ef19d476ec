//! What triggers on an application's own tables can tell of a change, and when.

use rusqlite::{Connection, StatementStatus};

fn told(connection: &Connection, sql: &str) -> Vec<String> {
    connection.execute_batch(sql).unwrap();
    let mut statement = connection.prepare("SELECT text FROM note ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_newer_trigger_runs_first_and_a_rowid_to_come_is_minus_one() {
    let connection = Connection::open_in_memory().unwrap();
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE TABLE note (text);
        CREATE TRIGGER old_before BEFORE INSERT ON t BEGIN INSERT INTO note VALUES ('before ' || NEW.id); END;
        CREATE TRIGGER old_after AFTER INSERT ON t BEGIN INSERT INTO note VALUES ('after ' || NEW.id); END;
        CREATE TRIGGER new_before BEFORE INSERT ON t BEGIN INSERT INTO note VALUES ('new before'); END;
        CREATE TRIGGER new_after AFTER INSERT ON t BEGIN INSERT INTO note VALUES ('new after'); END;
        INSERT INTO t (a) VALUES (1)";
    // So what is told after the row comes too late for a newer trigger of somebody else, and what is told before it has no key.
    assert_eq!(told(&connection, sql), ["new before", "before -1", "new after", "after 1"]);
}

#[test]
fn a_row_that_is_replaced_goes_without_a_word_but_can_be_missed_afterwards() {
    for (statement, left) in [
        ("INSERT OR REPLACE INTO t VALUES (2, 'x')", "came 2, gone 1"),
        ("INSERT OR IGNORE INTO t VALUES (2, 'x')", ""),
        ("INSERT INTO t VALUES (2, 'x') ON CONFLICT (name) DO UPDATE SET name = 'y'", ""),
        ("UPDATE OR REPLACE t SET name = 'x' WHERE id = 3", "came 3, gone 1"),
    ] {
        let connection = Connection::open_in_memory().unwrap();
        let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, name UNIQUE); CREATE TABLE leaving (id); CREATE TABLE note (text);
            INSERT INTO t VALUES (1, 'x'), (3, 'z');
            CREATE TRIGGER goes AFTER DELETE ON t BEGIN INSERT INTO note VALUES ('deleted'); END;
            CREATE TRIGGER comes BEFORE INSERT ON t BEGIN INSERT INTO leaving SELECT id FROM t WHERE name = NEW.name; END;
            CREATE TRIGGER alters BEFORE UPDATE ON t BEGIN INSERT INTO leaving SELECT id FROM t WHERE name = NEW.name; END;
            CREATE TRIGGER came AFTER INSERT ON t BEGIN
              INSERT INTO note SELECT 'came ' || NEW.id || ', gone ' || id FROM leaving WHERE id NOT IN (SELECT id FROM t); END;
            CREATE TRIGGER altered AFTER UPDATE ON t BEGIN
              INSERT INTO note SELECT 'came ' || NEW.id || ', gone ' || id FROM leaving WHERE id NOT IN (SELECT id FROM t); END;";
        assert_eq!(told(&connection, &format!("{sql} {statement}")).join(" "), left, "{statement}");
    }
}

#[test]
fn a_kept_statement_is_compiled_anew_after_every_change_of_the_schema_also_one_that_is_undone() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a); CREATE TABLE u (a); CREATE TRIGGER tr AFTER INSERT ON u BEGIN SELECT 1; END").unwrap();
    let mut kept = connection.prepare("SELECT count(*) FROM t").unwrap();
    let mut compiled = || {
        kept.query_row([], |_| Ok(())).unwrap();
        kept.get_status(StatementStatus::RePrepare)
    };
    let mut last = compiled();
    for (sql, changes) in [
        ("BEGIN; INSERT INTO u VALUES (1)", false),
        ("CREATE TABLE v AS SELECT * FROM u; DROP TABLE u; ALTER TABLE v RENAME TO u", true),
        ("ROLLBACK", true),
        ("INSERT INTO u VALUES (1)", false),
        ("SAVEPOINT s; DROP TRIGGER tr", true),
        ("ROLLBACK TO s; RELEASE s", true),
    ] {
        connection.execute_batch(sql).unwrap();
        let now = compiled();
        assert_eq!(now > last, changes, "{sql}");
        last = now;
    }
}
