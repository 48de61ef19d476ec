//! The questions, each beside its base.

mod check;
mod filter;
mod fresh;
mod list;
mod process;
mod write;

use std::rc::Rc;

use authz::rusqlite::types::{Value, ValueRef};
use authz::rusqlite::{Connection, Statement, ToSql, params, params_from_iter};

use super::measure::{Question, Run, timed};
use super::worlds::{HALF, Ids, ONE_PERCENT};

pub use check::{Asked, extremes, point, sum};
pub use filter::{join, page, scan};
pub use fresh::{after_writes, open, own_grant};
pub use list::{permissions, subjects, tree};
pub use process::{memory_held, threads};
pub use write::{grant, puts};

/// How many checks one sample asks, where they are asked one by one.
pub const CHECKS: usize = 1000;
pub const NOW: &str = "2026-01-01T00:00:00.000Z";

pub const CHECK: &str = "SELECT authz_check(?1, 'document:read', 'document', ?2)";
pub const LOOK_UP: &str = "SELECT project_id FROM documents WHERE id = ?1";

/// A subject, a document, and whether it may read it.
pub type Pair = (String, Value, i64);

pub fn prepare(connection: &'static Connection, sql: &str) -> Statement<'static> {
    connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// A statement that gives one number, asked once a run.
pub fn number(connection: &'static Connection, sql: &str, parameters: Vec<Value>) -> Run {
    let mut statement = prepare(connection, sql);
    Box::new(move || timed(|| statement.query_row(params_from_iter(&parameters), |row| row.get::<_, i64>(0)).unwrap()))
}

/// A statement that gives rows, asked for each of several lists of parameters; the number is made of the first column of all rows.
pub fn rows(connection: &'static Connection, sql: &str, parameters: Vec<Vec<Value>>) -> Run {
    let mut statement = prepare(connection, sql);
    Box::new(move || {
        timed(|| {
            let mut answer = 0;
            for parameters in &parameters {
                let mut rows = statement.query(params_from_iter(parameters)).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    answer += 1 + match row.get_ref(0).unwrap() {
                        ValueRef::Integer(number) => number,
                        ValueRef::Text(bytes) => bytes.iter().map(|byte| i64::from(*byte)).sum(),
                        _ => 0,
                    };
                }
            }
            answer
        })
    })
}

pub fn pairs(connection: &Connection) -> Rc<Vec<Pair>> {
    let mut statement = connection.prepare("SELECT subject, document, allowed FROM pairs ORDER BY id").unwrap();
    let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    Rc::new(pairs.collect::<authz::rusqlite::Result<_>>().unwrap())
}

pub fn only(allowed: i64, pairs: &[Pair]) -> Rc<Vec<Pair>> {
    let mut pairs: Vec<Pair> = pairs.iter().filter(|pair| pair.2 == allowed).cloned().collect();
    pairs.truncate(pairs.len() / CHECKS * CHECKS);
    Rc::new(pairs)
}

pub fn check(statement: &mut Statement<'_>, subject: &dyn ToSql, document: &dyn ToSql) -> i64 {
    statement.query_row(params![subject, document], |row| row.get(0)).unwrap()
}

/// How the names of some questions begin, and the questions, made when their turn comes.
pub type Group = (&'static str, Box<dyn FnOnce() -> Vec<Question>>);

/// The rows of the table, in its order.
pub fn all(documents: u32) -> Vec<Group> {
    vec![
        (
            "check/point check/sum",
            Box::new(move || {
                vec![
                    point(documents, Ids::Integer, Asked::All),
                    point(documents, Ids::Uuid, Asked::All),
                    sum(documents, Ids::Integer),
                    sum(documents, Ids::Uuid),
                ]
            }),
        ),
        (
            "filter/scan",
            Box::new(move || vec![scan(documents, ONE_PERCENT, "1_percent", 1.5, 1.1), scan(documents, HALF, "50_percent", 2.0, 1.3)]),
        ),
        (
            "filter/join filter/in",
            Box::new(move || {
                [join(documents, ONE_PERCENT, "1_percent"), join(documents, HALF, "50_percent")].into_iter().flatten().collect()
            }),
        ),
        ("page", Box::new(move || vec![page(documents)])),
        ("list", Box::new(move || vec![subjects(documents), permissions(documents)])),
        ("tree", Box::new(move || tree(documents))),
        ("open", Box::new(move || vec![open(documents)])),
        ("check/after_writes", Box::new(move || after_writes(documents))),
        ("check/own_uncommitted_grant", Box::new(move || vec![own_grant(documents)])),
        ("write/put", Box::new(move || puts(documents))),
        ("write/grant", Box::new(move || vec![grant(documents)])),
        ("check/wide check/deep tree/ancestors/10000", Box::new(extremes)),
        ("memory", Box::new(move || vec![memory_held(documents)])),
        ("threads", Box::new(move || threads(documents))),
    ]
}
