//! Scalar functions: how one is registered and how it reads its arguments.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use super::error::{Error, Result, to_sqlite_as_scalar};
use super::shared::OfConnection;
use super::value::{GivenId, id, text};

/// What a function does, which decides where SQLite lets it be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The same answer for the same arguments, always.
    Pure,
    /// Reads the file. Allowed in views and triggers of untrusted schemas; never DETERMINISTIC, for SQLite would factor it out.
    Reads,
    /// Writes the file or the connection's state: only from a statement that the application itself wrote.
    Writes,
}

impl Effect {
    fn flags(self) -> FunctionFlags {
        FunctionFlags::SQLITE_UTF8
            | match self {
                Effect::Pure => FunctionFlags::SQLITE_INNOCUOUS | FunctionFlags::SQLITE_DETERMINISTIC,
                Effect::Reads => FunctionFlags::SQLITE_INNOCUOUS,
                Effect::Writes => FunctionFlags::SQLITE_DIRECTONLY,
            }
    }
}

/// Registers `name` once for each number of arguments in `arity`. The function is given `state` with every call.
pub(crate) fn define<S, F, T>(
    connection: &Connection,
    state: &Rc<S>,
    name: &'static str,
    arity: std::ops::RangeInclusive<i32>,
    effect: Effect,
    body: F,
) -> rusqlite::Result<()>
where
    S: 'static,
    F: Fn(&S, &Arguments<'_>) -> Result<T> + Send + Copy + 'static,
    T: Into<Value>,
{
    for count in arity {
        let state = OfConnection::new(Rc::clone(state));
        connection.create_scalar_function(name, count, effect.flags(), move |context| {
            body(state.get(), &Arguments { context }).map(Into::<Value>::into).map_err(|error| to_sqlite_as_scalar(name, error))
        })?;
    }
    Ok(())
}

/// The arguments of a call.
pub(crate) struct Arguments<'a> {
    context: &'a Context<'a>,
}

impl<'a> Arguments<'a> {
    /// The argument at `index`, NULL where the call has fewer.
    pub(crate) fn value(&self, index: usize) -> ValueRef<'a> {
        match index < self.context.len() {
            true => self.context.get_raw(index),
            false => ValueRef::Null,
        }
    }

    /// The first four arguments.
    pub(crate) fn values(&self) -> [ValueRef<'a>; 4] {
        [0, 1, 2, 3].map(|index| self.value(index))
    }

    /// How many arguments the call has.
    pub(crate) fn count(&self) -> usize {
        self.context.len()
    }

    /// A text, or `None` for NULL.
    pub(crate) fn text(&self, index: usize, what: &str) -> Result<Option<&'a str>> {
        text(self.value(index), what)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, index: usize, what: &str) -> Result<&'a str> {
        self.text(index, what)?.ok_or_else(|| is_null(what))
    }

    /// An id of a resource with the type it was written with, or `None` for NULL.
    pub(crate) fn id(&self, index: usize, what: &str) -> Result<Option<GivenId<'a>>> {
        id(self.value(index), what)
    }

    /// An id that must be there.
    pub(crate) fn required_id(&self, index: usize, what: &str) -> Result<GivenId<'a>> {
        self.id(index, what)?.ok_or_else(|| is_null(what))
    }
}

fn is_null(what: &str) -> Error {
    Error::refused(format!("the {what} is NULL; give one"))
}
