//! What can go wrong, and how SQLite is told.
//!
//! The name of the SQL function is put in front of a sentence where it leaves the library (see [`crate::sqlite::scalar`]).

use rusqlite::ffi;

use crate::base::refusal::Refusal;

/// The result of everything in this library.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a question could not be answered or a change was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is not acceptable: a name that is not known, an id with white space, a move into another organization.
    /// Nothing was written.
    #[error("{0}")]
    Refused(String),
    /// The file lacks the schema this library reads.
    #[error("this file has no authz schema, or an older one: run `SELECT authz_migrate()` first")]
    NoSchema,
    /// `authz_require` was answered with a no.
    #[error("{0}")]
    Lacks(String),
    /// SQLite said no: a constraint, a lock, an interrupt, a full disk.
    #[error("{}", words_of_sqlite(.0))]
    Sqlite(rusqlite::Error),
}

impl Error {
    /// A refusal in the words of `sentence`.
    pub(crate) fn refused(sentence: impl Into<String>) -> Error {
        Error::Refused(sentence.into())
    }

    /// Whether a rule of the file refused what was written: a constraint, or a trigger that keeps one.
    pub(crate) fn is_constraint(&self) -> bool {
        matches!(self, Error::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal.sentence())
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match missing_table(&error) {
            true => Error::NoSchema,
            false => Error::Sqlite(error),
        }
    }
}

/// Whether a statement of ours failed because a table of ours is not there.
fn missing_table(error: &rusqlite::Error) -> bool {
    // Bindings for a newer SQLite report a statement that cannot be prepared by a variant of its own; its text begins the same.
    let text = words_of_sqlite(error);
    ["no such table: main.authz_", "no such table: main._authz_", "no such column: "].iter().any(|start| text.starts_with(start))
}

/// What SQLite said, without the text of the statement.
pub(crate) fn words_of_sqlite(error: &rusqlite::Error) -> String {
    match error {
        // Only the bindings of a newer SQLite have this one.
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Carries an error over to SQLite, with the name of the function in front.
///
/// An error with a text reaches the host under the code SQLITE_ERROR. What a host must be able to tell from bad input, an interrupt or a
/// lock, therefore goes without one, under its own code, and SQLite finds the words.
pub(crate) fn to_sqlite(name: &str, error: Error) -> rusqlite::Error {
    if let Error::Sqlite(inner) = &error
        && let Some(told) = inner.sqlite_error()
        && matches!(
            told.code,
            ffi::ErrorCode::OperationInterrupted
                | ffi::ErrorCode::DatabaseBusy
                | ffi::ErrorCode::DatabaseLocked
                | ffi::ErrorCode::OutOfMemory
        )
    {
        return rusqlite::Error::SqliteFailure(*told, None);
    }
    let code = match &error {
        Error::Sqlite(inner) => inner.sqlite_error().map_or(ffi::SQLITE_ERROR, |e| e.extended_code),
        Error::Lacks(_) => ffi::SQLITE_AUTH,
        Error::Refused(_) | Error::NoSchema => ffi::SQLITE_ERROR,
    };
    let text = format!("{name}: {error}").replace('\0', "\u{2400}");
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(text))
}

/// Carries an error of a scalar function over to SQLite. A function that sets a message has its result code reset to SQLITE_ERROR
/// (<https://sqlite.org/c3ref/result_blob.html>), so what a host must be able to tell by its code goes without one: SQLite's own words
/// for the code stand instead.
pub(crate) fn to_sqlite_as_scalar(name: &str, error: Error) -> rusqlite::Error {
    let cause = match &error {
        Error::Sqlite(inner) => inner.sqlite_error().copied(),
        _ => None,
    };
    match cause {
        Some(cause) if !matches!(cause.extended_code & 0xff, ffi::SQLITE_ERROR | ffi::SQLITE_CONSTRAINT) => {
            rusqlite::Error::SqliteFailure(cause, None)
        }
        _ => to_sqlite(name, error),
    }
}
