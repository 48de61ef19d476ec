//! The database file: connections that are kept between requests, and how the pages ask.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use authz::rusqlite::types::{FromSql, Value};
use authz::rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row, Transaction, TransactionBehavior};
use axum::http::StatusCode;

use super::problem::Problem;
use crate::program::failure::Failure;
use crate::program::open::{open_to_read, open_to_write};

/// How many idle connections are kept: what each has read stays warm.
const MOST_IDLE: usize = 4;

/// The file, and who writes it.
pub(crate) struct File {
    path: PathBuf,
    read_only: bool,
    idle: Mutex<Vec<Connection>>,
}

impl File {
    pub(crate) fn new(path: &Path, read_only: bool) -> File {
        File { path: path.to_owned(), read_only, idle: Mutex::default() }
    }

    /// A connection of its own, for whoever keeps it.
    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        if self.read_only {
            return open_to_read(&self.path);
        }
        let connection = open_to_write(&self.path)?;
        let user = ["USER", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|user| !user.is_empty());
        let user = user.unwrap_or_else(|| "unknown".to_owned());
        connection.query_row("SELECT authz_set_actor(?1, 'dashboard')", [user.chars().take(256).collect::<String>()], |_| Ok(()))?;
        Ok(connection)
    }

    /// Lends a connection out.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect().map_err(|Failure(sentence)| Problem::broken(sentence))?,
        };
        let answer = work(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
        answer
    }

    /// Reads one state of the file. The transaction ends before the answer is sent, so nobody waits for a person.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        let read = self.with(|connection| {
            let _held = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
            work(connection)
        });
        read.map_err(|problem| match problem.status {
            StatusCode::SERVICE_UNAVAILABLE => Problem::busy("another program has held the file locked for five seconds; try again"),
            _ => problem,
        })
    }

    /// Changes something: each call of a function is a transaction of its own.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.read_only {
            return Err(Problem::refused("the file was opened with --read-only; start `authz dashboard` without it to change something"));
        }
        self.with(work)
    }
}

/// All rows of a statement.
pub(crate) fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    map: impl FnMut(&Row<'_>) -> authz::rusqlite::Result<T>,
) -> Result<Vec<T>, Problem> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(parameters, map)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The first row of a statement, if there is one.
pub(crate) fn row<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    map: impl FnOnce(&Row<'_>) -> authz::rusqlite::Result<T>,
) -> Result<Option<T>, Problem> {
    Ok(connection.query_row(sql, parameters, map).optional()?)
}

/// The value of a statement that answers with one.
pub(crate) fn value<T: FromSql>(connection: &Connection, sql: &str, parameters: impl Params) -> Result<T, Problem> {
    Ok(connection.query_row(sql, parameters, |row| row.get(0))?)
}

/// A value as text: of an id, what a person writes.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The integer that an id stands for, since 42 and `'42'` are one; NULL for any other.
pub(crate) fn as_integer(id: &str) -> Value {
    match id.parse::<i64>() {
        Ok(number) if number.to_string() == id => Value::Integer(number),
        _ => Value::Null,
    }
}

impl From<authz::rusqlite::Error> for Problem {
    fn from(error: authz::rusqlite::Error) -> Problem {
        let sentence = match &error {
            authz::rusqlite::Error::SqliteFailure(_, Some(sentence)) => sentence.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Problem::busy("another program has held the file locked for five seconds; nothing was changed, try again")
            }
            // What our functions refuse, and what the triggers of the schema refuse.
            Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation | ErrorCode::AuthorizationForStatementDenied) => {
                Problem::refused(sentence)
            }
            _ => Problem::broken(sentence),
        }
    }
}
