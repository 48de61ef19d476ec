//! Every function and table of the SQL surface with hostile arguments, writing functions in both forms: an answer or a sentence, nothing
//! half-written, no wrong yes.

use authz::rusqlite::backup::Backup;
use authz::rusqlite::types::{Value, ValueRef};
use authz::rusqlite::{Connection, Error};

use crate::calls::{CALLS, Call, File, Form, Kind, WORLD, run, without_a_call};

/// Somebody of whom the world knows nothing.
const STRANGER: &str = "'user:mallory'";

/// Expressions of SQL that stand for an argument in turn.
const HOSTILE: [&str; 26] = [
    "NULL",
    "1.5",
    "x'00ff'",
    "''",
    "' '",
    "char(0)",
    "'user:' || char(0) || 'ana'",
    "CAST(x'ff' AS TEXT)",
    "CAST(x'757365723aff' AS TEXT)",
    "'user:*'",
    "'*'",
    "'group:g#member'",
    "'user:a b'",
    "':'",
    "'::'",
    "'user:' || char(8238)",
    "9223372036854775807",
    "-9223372036854775808",
    "'9223372036854775808'",
    "1e308",
    "-1e999",
    "'folder:read'' OR 1=1 --'",
    "'%'",
    "char(55296)",
    "'{\"a\":'",
    "'[[[[[['",
];

/// Long ones, which are given in one form only.
fn long() -> [String; 4] {
    let megabyte = "x".repeat(1 << 20);
    [
        format!("'{megabyte}'"),
        format!("'user:{megabyte}'"),
        format!("'{}'", "[".repeat(100_000)),
        format!("'{}'", "{\"a\":".repeat(100_000)),
    ]
}

fn registered() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    connection
}

fn world() -> Connection {
    let connection = registered();
    authz::migrate(&connection).unwrap();
    run(&connection, WORLD);
    // What everybody has is no wrong yes.
    run(&connection, "DELETE FROM authz_relationships WHERE subject = 'user:*'");
    connection
}

/// A connection to a copy, ready for the call.
fn copy(world: &Connection, call: &Call) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    if call.file == File::World {
        Backup::new(world, &mut connection).unwrap().run_to_completion(10_000, std::time::Duration::ZERO, None).unwrap();
    }
    authz::register(&connection).unwrap();
    run(&connection, call.file_ready);
    run(&connection, call.connection_ready);
    connection
}

/// Every row of every table of the file, whatever it is.
fn dump(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let mut tables = connection.prepare(sql).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let mut all = Vec::new();
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..columns).map(|index| format!("{:?}", row.get_ref(index).unwrap())).collect();
            all.push(format!("{table}: {}", cells.join("|")));
        }
    }
    all
}

/// The call as SQL with these expressions as its arguments.
fn statement(call: &Call, kind: Kind, form: Form, arguments: &[&str]) -> String {
    let sql = call.sql(kind, form);
    (0..arguments.len()).rev().fold(sql, |sql, index| sql.replace(&format!("?{}", index + 1), arguments[index]))
}

/// The first column of each row, as far as it is a number.
fn answers(connection: &Connection, sql: &str) -> Result<Vec<i64>, Error> {
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

/// One call with one hostile argument: within a savepoint, which takes back what a call did that was accepted. What is wrong, if anything.
fn fault(connection: &Connection, sql: &str, is_question: bool) -> Option<String> {
    run(connection, "SAVEPOINT one");
    let found = match answers(connection, sql) {
        Ok(answers) => {
            run(connection, "ROLLBACK TO one");
            (is_question && answers.iter().any(|answer| *answer != 0)).then(|| "yes".to_owned())
        }
        Err(error) => {
            let text = error.to_string();
            // In the form that inserts SQLite itself puts the arguments into JSON.
            let is_sentence = text.starts_with("authz_") || text.starts_with("JSON cannot hold BLOB values");
            (!is_sentence || text.len() >= 1000 || text.contains("internal error")).then_some(text)
        }
    };
    assert!(!connection.is_autocommit(), "{sql}: the savepoint is gone");
    run(connection, "RELEASE one");
    assert!(connection.is_autocommit(), "{sql}: a transaction is left");
    found
}

#[test]
fn every_function_and_table_is_called() {
    let missing = without_a_call(&Connection::open_in_memory().unwrap(), &registered());
    assert!(missing.is_empty(), "no call in tests/calls: {missing:?}");
}

#[test]
fn no_argument_crashes_or_grants_or_half_writes() {
    let (world, long) = (world(), long());
    let mut faults = Vec::new();
    for call in CALLS {
        let connection = copy(&world, call);
        let kind = call.kind(&connection);
        let is_question = matches!(call.name, "authz_check" | "authz_require");
        let before = dump(&connection);
        for place in 0..call.arguments.len() {
            for bad in HOSTILE.into_iter().chain(long.iter().map(String::as_str)) {
                let mut arguments = call.arguments.to_vec();
                if is_question {
                    arguments[0] = STRANGER;
                }
                arguments[place] = bad;
                for form in [Form::Select, Form::Insert] {
                    let is_long = bad.len() > 1000;
                    if form == Form::Insert && (kind != Kind::Writes || !call.has(form) || is_long) {
                        continue;
                    }
                    if let Some(fault) = fault(&connection, &statement(call, kind, form, &arguments), is_question) {
                        let shown: String = bad.chars().take(40).collect();
                        faults.push(format!("{call}, {form:?}, argument {} is {shown}: {fault}", place + 1));
                    }
                }
            }
        }
        let after = dump(&connection);
        if after != before {
            let changed: Vec<&String> = after.iter().filter(|row| !before.contains(row)).take(3).collect();
            faults.push(format!("{call} left something behind: {changed:?}"));
        }
        if call.file == File::World {
            let ask = |subject: &str| format!("SELECT authz_set_now(NULL), authz_check('{subject}', 'document:edit', 'document', 10)");
            let is_allowed = |subject: &str| connection.query_row(&ask(subject), [], |row| row.get::<_, Value>(1)).unwrap();
            assert_eq!(is_allowed("user:ana"), Value::Integer(1), "{call}: afterwards");
            assert_eq!(is_allowed("user:mallory"), Value::Integer(0), "{call}: afterwards");
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_million_brackets_are_refused() {
    let connection = world();
    let found = connection.query_row("SELECT authz_apply(?1)", ["[".repeat(1_000_000)], |_| Ok(())).unwrap_err();
    assert!(found.to_string().starts_with("authz_apply: "));
}
