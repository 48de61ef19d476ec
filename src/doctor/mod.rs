//! `authz_doctor`: what is wrong with a file, where, and what to do about it.
//!
//! Each statement under `sql/doctor/` finds one thing and says it in the four columns of the answer; most read the tables of one system, and
//! are asked only where the file has it.
//!
//! May use: `base`, `facts`, `sqlite`.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::facts::bindings;
use crate::sqlite::attached::schema_elsewhere;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::migrate::{damage, has};
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define_direct};
use crate::sqlite::work::check_triggers;

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define_direct(connection, engine, &DOCTOR, |engine, _: Call| examine(engine))
}

/// `authz_doctor()`: a row for each finding, the worst first: `severity` (`error`: answers or writes may be wrong; `warning`: something has
/// no effect, or is left over; `note`: nothing is wrong), `what`, `where` (a keyword: write `"where"`), `what_to_do`. No row: all is well.
///
/// Reads the tables of this library whole, so it takes its time on a large file. Of each kind of finding about rows it shows the first 20.
static DOCTOR: TableFunction = TableFunction {
    name: "authz_doctor",
    columns: &["severity", "what", "where", "what_to_do"],
    arguments: &[],
    required: 0,
    bounded: None,
    expected_rows: 10,
};

/// What is asked of every file with the schema, and what of a file with one more system.
static QUESTIONS: [(&str, &[&str]); 3] = [
    (
        "core",
        &[
            include_str!("../../sql/doctor/integrity.sql"),
            include_str!("../../sql/doctor/foreign_keys.sql"),
            include_str!("../../sql/doctor/call.sql"),
            include_str!("../../sql/doctor/assignments.sql"),
            include_str!("../../sql/doctor/parents.sql"),
            include_str!("../../sql/doctor/empty_groups.sql"),
            include_str!("../../sql/doctor/relationships.sql"),
            include_str!("../../sql/doctor/expired.sql"),
        ],
    ),
    ("identity", &[include_str!("../../sql/doctor/members.sql"), include_str!("../../sql/doctor/subjects.sql")]),
    ("search", &[include_str!("../../sql/doctor/index.sql"), include_str!("../../sql/doctor/notes.sql")]),
];

fn examine(engine: &Rc<Engine>) -> Result<Box<dyn Rows>> {
    let connection = engine.connection();
    let mut findings: Vec<[String; 4]> = Vec::new();
    if check_triggers(connection).is_err() {
        findings.push(error(
            "triggers are switched off on this connection, so what it writes is not checked and other connections do not notice it",
            "SQLITE_DBCONFIG_ENABLE_TRIGGER",
            "switch triggers on before anything is written",
        ));
    }
    if !has(connection, "core")? {
        findings.push(match schema_elsewhere(connection) {
            Some(name) => error(
                "an attached database has the authz schema, and authz reads `main` alone",
                &name,
                "open that file as the main database, and attach the other to it",
            ),
            None => error("the file has no authz schema", "main", "SELECT authz_migrate()"),
        });
        return Ok(rows(findings));
    }
    let damage = damage(connection)?;
    for (name, what) in &damage {
        let remedy = "restore it as `authz migrate --print-sql` has it, or restore the file from a backup";
        findings.push(error(&format!("an object of the schema {what}"), name, remedy));
    }
    // Where the schema itself is damaged, these would fail or say the same again.
    if damage.is_empty() {
        for (system, questions) in &QUESTIONS {
            if !has(connection, system)? {
                continue;
            }
            for question in *questions {
                findings.extend(engine.with(question, |statement| {
                    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
                    Ok(rows.collect::<rusqlite::Result<Vec<[String; 4]>>>()?)
                })?);
            }
        }
        for (what, table) in bindings::findings(engine)? {
            findings.push(error(
                what,
                &table,
                "SELECT authz_bind(), which makes the triggers anew, or bind the table again, or take it back with authz_unbind",
            ));
        }
    }
    Ok(rows(findings))
}

fn error(what: &str, place: &str, remedy: &str) -> [String; 4] {
    ["error", what, place, remedy].map(str::to_owned)
}

/// The worst first.
fn rows(mut findings: Vec<[String; 4]>) -> Box<dyn Rows> {
    const SEVERITIES: [&str; 3] = ["error", "warning", "note"];
    findings.sort_by_key(|[severity, ..]| SEVERITIES.iter().position(|one| one == severity));
    Made::rows(findings.into_iter().map(|finding| finding.map(Value::Text).to_vec()).collect())
}
