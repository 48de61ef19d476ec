//! What can go wrong, and how SQLite is told.
//!
//! The name of the SQL function is put in front of a sentence where it leaves the library (see [`crate::sqlite::scalar`]).

use std::ffi::{CString, c_int};

use rusqlite::ffi;

use super::migrate::systems::{CORE, system_of};
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
    /// The file lacks a system of the schema.
    #[error("this file lacks the system `{0}`: run `SELECT authz_migrate('{0}')` first")]
    NoSystem(&'static str),
    /// An attached database has the schema, and the main one, which alone is read, has none.
    #[error(
        "the schema of authz is in the attached database `{0}`, and authz reads `main` alone; open that file as the main one, and attach the other to it"
    )]
    SchemaElsewhere(String),
    /// `authz_require` was answered with a no.
    #[error("{0}")]
    Lacks(String),
    /// The input is not acceptable, and what was found out about it has been recorded: a sign-in that came too late.
    #[error("{0}")]
    Recorded(String),
    /// SQLite said no: a constraint, a lock, an interrupt, a full disk.
    #[error("{}", words_of_sqlite(.0))]
    Sqlite(rusqlite::Error),
    /// As SQLite is told: a code, and a sentence with the name of its function in front unless SQLite's own words serve.
    #[doc(hidden)]
    #[error("{}", .text.as_deref().unwrap_or("SQLite has no memory, or has said all there is to say"))]
    Told { code: i32, text: Option<String> },
}

impl Error {
    /// A refusal in the words of `sentence`.
    pub(crate) fn refused(sentence: impl Into<String>) -> Error {
        Error::Refused(sentence.into())
    }

    /// A code of SQLite, in SQLite's own words.
    pub(crate) fn of_code(code: i32) -> Error {
        Error::Told { code, text: None }
    }

    /// An error of the function `name`, wherever it is told.
    pub(crate) fn of_function(self, name: &str) -> Error {
        let Told { code, text } = tell(name, self);
        Error::Told { code, text: text.map(|text| text.to_string_lossy().into_owned()) }
    }

    /// A panic, which is a defect of the library.
    pub(crate) fn panicked() -> Error {
        Error::refused("internal error; please report it")
    }

    /// The extended result code of SQLite that tells this error from others. `authz_require` that is answered with a no has `SQLITE_AUTH`.
    pub fn code(&self) -> i32 {
        match self {
            Error::Sqlite(inner) => inner.sqlite_error().map_or(ffi::SQLITE_ERROR, |error| error.extended_code),
            Error::Told { code, .. } => *code,
            Error::Lacks(_) => ffi::SQLITE_AUTH,
            Error::Refused(_) | Error::Recorded(_) | Error::NoSchema | Error::NoSystem(_) | Error::SchemaElsewhere(_) => ffi::SQLITE_ERROR,
        }
    }

    /// Whether access was refused, so that an application answers 403: `authz_require` was answered with a no, or an authorizer of the
    /// connection denied the statement. All other errors are mistakes or failures.
    pub fn is_denied(&self) -> bool {
        self.code() & 0xff == ffi::SQLITE_AUTH
    }

    /// Whether the file lacks something of the schema.
    pub(crate) fn lacks_schema(&self) -> bool {
        matches!(self, Error::NoSchema | Error::NoSystem(_) | Error::SchemaElsewhere(_))
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

impl From<Error> for rusqlite::Error {
    fn from(error: Error) -> rusqlite::Error {
        match error {
            Error::Sqlite(inner) => inner,
            error => rusqlite::Error::SqliteFailure(ffi::Error::new(error.code()), Some(error.to_string())),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        if matches!(error, rusqlite::Error::ExecuteReturnedResults) {
            return Error::refused(
                "`PRAGMA count_changes` is on in this connection, so that writes answer with rows; run `PRAGMA count_changes = OFF`",
            );
        }
        // Bindings for a newer SQLite report a statement that cannot be prepared by a variant of its own; its text begins the same.
        let text = words_of_sqlite(&error);
        match text.strip_prefix("no such table: main.") {
            Some(table) if table.starts_with("authz_") || table.starts_with("_authz_") => missing(table),
            _ if text.starts_with("no such column: ") => Error::NoSchema,
            _ => Error::Sqlite(error),
        }
    }
}

/// A table of ours is not there.
fn missing(table: &str) -> Error {
    let name = table.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    match system_of(name) {
        Some(system) if system != CORE => Error::NoSystem(system),
        _ => Error::NoSchema,
    }
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

/// An error as SQLite is told.
pub(crate) struct Told {
    pub(crate) code: c_int,
    /// `None` where SQLite's own words for the code are to serve
    pub(crate) text: Option<CString>,
}

/// How SQLite is told of an error of the function or table `name`.
///
/// What a host tells from other errors by SQLite's own words, an interrupt, a lock or a lack of memory, goes without a text of ours; a text
/// would also need memory.
pub(crate) fn tell(name: &str, error: Error) -> Told {
    let code = error.code();
    let text = match error {
        Error::Told { text, .. } => text,
        Error::Sqlite(_) if matches!(code & 0xff, ffi::SQLITE_INTERRUPT | ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_NOMEM) => {
            None
        }
        error => Some(format!("{name}: {error}")),
    };
    Told { code, text: text.and_then(|text| CString::new(text.replace('\0', "\u{2400}")).ok()) }
}
