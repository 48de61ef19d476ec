//! Functions that write, called as INSERT.
//!
//! `SELECT authz_grant(…)` reads, as far as SQLite and drivers can tell: no driver opens a transaction for it, and a pool sends it to a
//! reader. So each function that writes can also be called as
//!
//! ```sql
//! INSERT INTO authz_call(function, arguments) VALUES ('grant', json_array('user:ana', 'editor', 'project', 1)) RETURNING authz_result();
//! ```
//!
//! `authz_call` is a temporary view. Its temporary trigger inserts into a virtual table of `main`, which runs the function: so SQLite
//! begins to write at once, keeps a statement journal, and a row that fails takes the whole INSERT back. A plain virtual table would not
//! do, for its RETURNING is worked out before the row is taken, and a single row has no statement journal. Nothing that is stored in the
//! file can reach the view or call a function by its table: the trigger proves itself by a key that only direct statements can ask for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::CStr;
use std::rc::{Rc, Weak};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ffi};
use serde_json::{Value as Json, json};

use super::comments::without_comments;
use super::connection::Engine;
use super::error::{Error, Result};
use super::scalar::{Arguments, Effect, Function, Functions, define};
use super::value::text;
use super::virtual_table::{self, Host, IndexInfo, NoRows, Reach, VirtualTable};
use crate::base::refusal::{nearest, shown};

/// What every name of a function begins with.
const PREFIX: &str = "authz_";

/// What the last call was answered with, and what proves that a row comes from the view.
#[derive(Default)]
pub(crate) struct Calls {
    result: RefCell<Option<Value>>,
    key: RefCell<[u8; 16]>,
}

/// Registers what the view needs.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    // SAFETY: SQLite fills as many bytes as it is told.
    unsafe { ffi::sqlite3_randomness(16, engine.state::<Calls>().key.borrow_mut().as_mut_ptr().cast()) };
    virtual_table::define::<CallsTable>(connection, "_authz_calls", Rc::clone(engine))?;
    // Also called on its own before the row is inserted, for an authorizer may have the INSERT left out: the result of an earlier call is none then.
    define(connection, engine, "_authz_call_key", 0..=0, Effect::Writes, |engine, _| {
        let calls = engine.state::<Calls>();
        calls.result.replace(None);
        Ok(calls.key.borrow().to_vec())
    })?;
    define(connection, engine, "authz_result", 0..=0, Effect::Reads, |engine, _| {
        engine
            .state::<Calls>()
            .result
            .borrow()
            .clone()
            .ok_or_else(|| Error::refused("no function has been called by INSERT INTO authz_call on this connection"))
    })
}

/// Makes the view and its trigger. In an open transaction they go with ROLLBACK.
pub(crate) fn listen(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&without_comments(include_str!("../../sql/sqlite/call/view.sql")))
}

/// The table that runs functions.
struct CallsTable {
    engine: Rc<Engine>,
}

impl VirtualTable for CallsTable {
    type Shared = Rc<Engine>;
    type Cursor = NoRows;
    const TAKES_ROWS: bool = true;

    fn connect(host: &mut Host<'_>, engine: &Rc<Engine>) -> Result<(Cow<'static, CStr>, CallsTable)> {
        host.reach(Reach::Anywhere);
        Ok((Cow::Borrowed(c"CREATE TABLE x (function, arguments, key)"), CallsTable { engine: Rc::clone(engine) }))
    }

    fn plan(&self, _info: &mut IndexInfo<'_>) -> Result<bool> {
        Ok(true)
    }

    fn open(&self) -> NoRows {
        NoRows
    }

    fn insert(&self, row: &[ValueRef<'_>]) -> Result<()> {
        let calls = self.engine.state::<Calls>();
        calls.result.replace(None);
        let result = match row {
            [name, arguments, ValueRef::Blob(key)] if *key == *calls.key.borrow() => run(&self.engine, *name, *arguments),
            _ => Err(Error::refused("only statements of the application itself call functions, by INSERT INTO authz_call")),
        };
        calls.result.replace(Some(result.map_err(|error| error.of_function("authz_call"))?));
        Ok(())
    }
}

/// Runs the function of a row. A refusal of which something was recorded is an answer: as an error it would undo the record.
fn run(engine: &Engine, name: ValueRef<'_>, arguments: ValueRef<'_>) -> Result<Value> {
    let given = text(name, "function")?.ok_or_else(|| Error::refused("the function is NULL; give its name, such as `grant`"))?;
    let functions = find(engine, given)?;
    let name = functions.first().map_or(PREFIX, |function| function.name);
    let in_front = |error: Error| error.of_function(name);
    let arguments = values(arguments).map_err(in_front)?;
    let Some(function) = functions.iter().find(|function| function.arity.contains(&arguments.len())) else {
        let wanted = counts(&functions);
        return Err(in_front(Error::refused(format!("{} arguments were given; it takes {wanted}", arguments.len()))));
    };
    let values: Vec<ValueRef<'_>> = arguments.iter().map(ValueRef::from).collect();
    match (function.body)(&Arguments { values: &values }) {
        Err(Error::Recorded(sentence)) => Ok(Value::Text(json!({"refused": sentence}).to_string())),
        answer => answer.map_err(in_front),
    }
}

/// The functions of that name, at least one.
fn find(engine: &Engine, given: &str) -> Result<Vec<Rc<Function>>> {
    let functions = engine.state::<Functions>();
    let functions = functions.0.borrow();
    let alive = |of_name: &Vec<Weak<Function>>| -> Vec<Rc<Function>> {
        of_name.iter().filter_map(Weak::upgrade).filter(|function| function.effect == Effect::Writes).collect()
    };
    let name = given.strip_prefix(PREFIX).unwrap_or(given);
    functions.get(format!("{PREFIX}{name}").as_str()).map(alive).filter(|of_name| !of_name.is_empty()).ok_or_else(|| {
        let all = functions.values().flat_map(alive).filter_map(|function| function.name.strip_prefix(PREFIX));
        let near = nearest(name, all);
        Error::refused(format!("there is no function `{}` that writes{near}", shown(given)))
    })
}

/// How many arguments functions of one name take: `3`, `4 to 5`, `3 or 5`.
fn counts(functions: &[Rc<Function>]) -> String {
    let ranges = functions.iter().map(|function| match (function.arity.start(), function.arity.end()) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    });
    ranges.collect::<Vec<_>>().join(" or ")
}

/// The arguments of a call: a JSON array. Its objects and arrays are JSON text to the function.
fn values(arguments: ValueRef<'_>) -> Result<Vec<Value>> {
    let Some(given) = text(arguments, "JSON array of arguments")? else { return Ok(Vec::new()) };
    let read = serde_json::from_str::<Vec<Json>>(given);
    let array = read.map_err(|error| Error::refused(format!("the arguments must be a JSON array, as json_array() makes it: {error}")))?;
    Ok(array.into_iter().map(value).collect())
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Integer(truth.into()),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::Integer(integer),
            (None, Some(real)) => Value::Real(real),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::Text(text),
        other => Value::Text(other.to_string()),
    }
}
