//! A file whose rows in our tables were changed at random, past every trigger and constraint that can be switched off. Nothing of ours may
//! panic, and somebody of whom no row ever spoke may do nothing.

use authz::rusqlite::backup::Backup;
use authz::rusqlite::config::DbConfig;
use authz::rusqlite::types::{Value, ValueRef};
use authz::rusqlite::{Connection, Error, params_from_iter};

use crate::calls::{CALLS, File, Form, WORLD, run};

/// Named in no row, and no change makes a row that names it, or everybody.
const STRANGER: &str = "user:mallory";
/// The most changes of one file.
const MOST_CHANGES: usize = 16;

/// The world that is changed, and what its cells hold.
pub struct Rows {
    world: Connection,
    tables: Vec<Table>,
    values: Vec<Value>,
}

struct Table {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// Decisions, a byte each. Nothing is left at the end, and then every number is 0.
struct Tape<'a>(std::slice::Iter<'a, u8>);

impl Tape<'_> {
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % end.max(1)
    }

    /// A value of the world; or a number, a text, text that is not UTF-8, nothing.
    fn value(&mut self, values: &[Value]) -> Value {
        match self.below(8) {
            0 => Value::Null,
            1 => Value::Integer([0, 1, -1, i64::MIN, i64::MAX, 1 << 53][self.below(6)]),
            2 => Value::Real([0.5, 42.0, -0.0, 1e300, f64::INFINITY][self.below(5)]),
            3 => {
                let length = self.below(12);
                Value::Blob(self.0.by_ref().take(length).copied().collect())
            }
            _ => {
                let place = 256 * self.below(256) + self.below(256);
                values[place % values.len()].clone()
            }
        }
    }
}

fn tables(connection: &Connection) -> Vec<Table> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '*authz_*' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let mut names = connection.prepare(sql).unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let table = |name: String| {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let row = |row: &authz::rusqlite::Row<'_>| (0..columns.len()).map(|index| row.get(index)).collect();
        let rows = statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
        Table { name, columns, rows }
    };
    names.into_iter().map(table).filter(|table| !table.rows.is_empty()).collect()
}

impl Rows {
    pub fn new() -> Rows {
        let world = Connection::open_in_memory().unwrap();
        authz::register(&world).unwrap();
        authz::migrate(&world).unwrap();
        run(&world, WORLD);
        run(&world, "DELETE FROM authz_relationships WHERE subject GLOB '*:[*]'");
        let tables = tables(&world);
        let of_everybody = |value: &Value| matches!(value, Value::Text(text) if text.contains('*'));
        let all = tables.iter().flat_map(|table| table.rows.iter().flatten());
        let mut values: Vec<Value> = Vec::new();
        for value in all {
            if !values.contains(value) && !of_everybody(value) {
                values.push(value.clone());
            }
        }
        Rows { world, tables, values }
    }

    /// Makes the changes that the bytes say, and asks everything of the file.
    pub fn try_out(&self, bytes: &[u8]) {
        let connection = self.changed(&mut Tape(bytes.iter()));
        // A file may be such that the library says at once that it will not do.
        if authz::register(&connection).is_err() {
            return;
        }
        for call in CALLS.iter().filter(|call| call.file == File::World) {
            let kind = call.kind(&connection);
            let sql = (0..call.arguments.len())
                .rev()
                .fold(call.sql(kind, Form::Select), |sql, index| sql.replace(&format!("?{}", index + 1), call.arguments[index]));
            run(&connection, "SAVEPOINT one");
            let answered = cells(&connection, &sql);
            assert!(!connection.is_autocommit(), "{call}: the savepoint is gone");
            // Where the call was refused, it has undone all by itself; what it undid is not looked at here.
            run(&connection, "ROLLBACK TO one; RELEASE one");
            if let Err(error) = answered {
                assert!(!error.to_string().contains("internal error"), "{call}: {error}");
            }
            let _ = cells(&connection, "SELECT authz_set_now(NULL), authz_set_actor(NULL)");
        }
        self.ask_about_the_stranger(&connection);
    }

    fn changed(&self, tape: &mut Tape<'_>) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        Backup::new(&self.world, &mut connection).unwrap().run_to_completion(10_000, std::time::Duration::ZERO, None).unwrap();
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
        run(&connection, "PRAGMA ignore_check_constraints = ON; BEGIN");
        for _ in 0..=tape.below(MOST_CHANGES) {
            let table = &self.tables[tape.below(self.tables.len())];
            let row = &table.rows[tape.below(table.rows.len())];
            let column = tape.below(table.columns.len());
            let (action, value) = (tape.below(4), tape.value(&self.values));
            let name = &table.name;
            let is_row: Vec<String> =
                table.columns.iter().enumerate().map(|(index, column)| format!("\"{column}\" IS ?{}", index + 2)).collect();
            let is_row = is_row.join(" AND ");
            let changed = &table.columns[column];
            // Bytes become text, be they UTF-8 or not.
            let new = if matches!(value, Value::Blob(_)) { "CAST(?1 AS TEXT)" } else { "?1" };
            let sql = match action {
                0 => format!("DELETE FROM \"{name}\" WHERE ?1 IS ?1 AND {is_row}"),
                1 => {
                    let columns = |of: &dyn Fn(&String) -> String| table.columns.iter().map(of).collect::<Vec<_>>().join(", ");
                    let into = columns(&|one| format!("\"{one}\""));
                    let from = columns(&|one| if one == changed { new.to_owned() } else { format!("\"{one}\"") });
                    format!("INSERT OR IGNORE INTO \"{name}\" ({into}) SELECT {from} FROM \"{name}\" WHERE {is_row}")
                }
                _ => format!("UPDATE OR IGNORE \"{name}\" SET \"{changed}\" = {new} WHERE {is_row}"),
            };
            // Types and keys still hold, so a change may be refused.
            let _ = connection.execute(&sql, params_from_iter(std::iter::once(&value).chain(row)));
        }
        run(&connection, "COMMIT; PRAGMA ignore_check_constraints = OFF");
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true).unwrap();
        connection
    }

    fn ask_about_the_stranger(&self, connection: &Connection) {
        for what in ["document:read", "document:edit", "document:see", "viewer", "owner"] {
            for document in ["10", "20", "30", "'forty'", "NULL"] {
                let yes = [
                    format!("SELECT authz_check('{STRANGER}', '{what}', 'document', {document})"),
                    format!("SELECT authz_explain('{STRANGER}', '{what}', 'document', {document}) ->> 'allowed'"),
                    format!("SELECT 1 FROM authz_list_subjects('{what}', 'document', {document}) WHERE subject = '{STRANGER}'"),
                ];
                for sql in yes {
                    assert!(!is_yes(connection, &sql), "{sql}");
                }
            }
            let sql = format!("SELECT 1 FROM authz_list_resources('{STRANGER}', '{what}', 'document')");
            assert!(!is_yes(connection, &sql), "{sql}");
        }
    }
}

/// The first cell of each row; text that is not UTF-8 counts as none.
fn cells(connection: &Connection, sql: &str) -> Result<Vec<i64>, Error> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        if let ValueRef::Integer(number) = row.get_ref(0)? {
            all.push(number);
        }
    }
    Ok(all)
}

fn is_yes(connection: &Connection, sql: &str) -> bool {
    match cells(connection, sql) {
        Ok(cells) => cells.iter().any(|cell| *cell != 0),
        Err(error) => {
            assert!(!error.to_string().contains("internal error"), "{sql}: {error}");
            false
        }
    }
}
