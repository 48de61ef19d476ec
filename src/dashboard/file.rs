//! The database file: connections that are kept between requests, and how the pages ask.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use authz::rusqlite::types::{FromSql, Value};
use authz::rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row, Transaction, TransactionBehavior};

use super::problem::Problem;
use crate::program::failure::Failure;
use crate::program::open::{open_to_read, open_to_write};

/// How many idle connections are kept: what each has read stays warm.
const MOST_IDLE: usize = 4;

/// Why something was not changed. The transaction did not happen, so trying again does no harm.
const LOCKED: &str = "another program has held the file locked for five seconds; nothing was changed, try again";

/// Which file lies at a path: one that was put in its place is another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    /// `None` where there is no file.
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Identity> {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).ok().map(|found| Identity(found.dev(), found.ino()))
    }

    /// Elsewhere a file that is open cannot be replaced.
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Identity> {
        path.exists().then_some(Identity(0, 0))
    }
}

/// The file, and who writes it.
pub(crate) struct File {
    path: PathBuf,
    read_only: bool,
    idle: Mutex<Vec<(Identity, Connection)>>,
}

impl File {
    pub(crate) fn new(path: &Path, read_only: bool) -> File {
        File { path: path.to_owned(), read_only, idle: Mutex::default() }
    }

    /// Which file lies at the path now.
    pub(crate) fn identity(&self) -> Option<Identity> {
        Identity::of(&self.path)
    }

    /// A connection of its own, for whoever keeps it, and to which file it is.
    pub(crate) fn connect(&self) -> Result<(Identity, Connection), Failure> {
        loop {
            let before = self.identity();
            let connection = self.open()?;
            match self.identity() {
                Some(after) if before == Some(after) => return Ok((after, connection)),
                // Replaced while it was opened.
                _ => {}
            }
        }
    }

    fn open(&self) -> Result<Connection, Failure> {
        let connection = if self.read_only { open_to_read(&self.path)? } else { open_to_write(&self.path)? };
        let plan = authz::migration_plan(&connection)?;
        if plan.from != plan.to {
            let (path, from, to) = (self.path.display(), plan.from, plan.to);
            return Err(Failure(format!("`{path}` has schema version {from}, and this program asks for {to}; run `authz migrate {path}`")));
        }
        if !self.read_only {
            // Whoever runs the program by the account of the process: the environment says what it was told to say, or nothing.
            let user = whoami::username().ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "unknown".to_owned());
            connection.query_row("SELECT authz_set_actor(?1, 'dashboard')", [user.chars().take(256).collect::<String>()], |_| Ok(()))?;
        }
        Ok(connection)
    }

    /// Lends a connection out.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        let now = self.identity();
        if now.is_none() {
            return Err(Problem::busy(format!("there is no file `{}` any more; put it back, or end the dashboard", self.path.display())));
        }
        let kept = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|(identity, _)| Some(*identity) == now);
            idle.pop()
        };
        let (identity, connection) = match kept {
            Some(kept) => kept,
            None => self.connect().map_err(|Failure(sentence)| Problem::broken(sentence))?,
        };
        let answer = work(&connection);
        if self.identity() != Some(identity) {
            let path = self.path.display();
            return Err(Problem::busy(format!("`{path}` was replaced meanwhile by another file; look whether it has what you want")));
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push((identity, connection));
        }
        answer
    }

    /// Reads one state of the file. The transaction ends before the answer is sent, so nobody waits for a person.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        let read = self.with(|connection| {
            let _held = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
            work(connection)
        });
        read.map_err(|problem| match problem.sentence == LOCKED {
            true => Problem::busy("another program has held the file locked for five seconds; try again"),
            false => problem,
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
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Problem::busy(LOCKED),
            // What our functions refuse, and what the triggers of the schema refuse.
            Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation | ErrorCode::AuthorizationForStatementDenied) => {
                Problem::refused(sentence)
            }
            _ => Problem::broken(sentence),
        }
    }
}
