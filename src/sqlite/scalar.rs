//! Scalar functions: how one is registered and how it reads its arguments.

use std::cell::RefCell;
use std::ffi::{CString, c_int};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use hashbrown::HashMap;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ffi};

use super::connection::Engine;
use super::error::{Error, Result, Told, tell};
use super::shared::OfConnection;
use super::value::{GivenId, arguments, id, set_result, text};
use super::virtual_table::release;

/// What a function does, which decides where SQLite lets it be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The same answer for the same arguments, always.
    Pure,
    /// Reads the file. Allowed in views and triggers of untrusted schemas; never DETERMINISTIC, for SQLite would factor it out.
    Reads,
    /// Writes the file or the state of the connection: only from a statement that the application itself wrote.
    Writes,
    /// As `Writes`, but has no form as INSERT, for it changes the schema.
    Migrates,
}

impl Effect {
    fn flags(self) -> c_int {
        ffi::SQLITE_UTF8
            | match self {
                Effect::Pure => ffi::SQLITE_INNOCUOUS | ffi::SQLITE_DETERMINISTIC,
                Effect::Reads => ffi::SQLITE_INNOCUOUS,
                Effect::Writes | Effect::Migrates => ffi::SQLITE_DIRECTONLY,
            }
    }
}

/// A function with what it was defined with.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) arity: RangeInclusive<usize>,
    pub(crate) effect: Effect,
    pub(crate) body: Body,
}

/// What a function does with its arguments.
type Body = Box<dyn Fn(&Arguments<'_>) -> Result<Value>>;

/// The functions of a connection by name; one name may have several, with different numbers of arguments. SQLite keeps them alive, because
/// a function holds what holds this.
#[derive(Default)]
pub(crate) struct Functions(pub(crate) RefCell<HashMap<&'static str, Vec<Weak<Function>>>>);

/// What hangs on a connection, and so knows its engine.
pub(crate) trait OnConnection {
    fn engine(self: &Rc<Self>) -> Rc<Engine>;
}

impl OnConnection for Engine {
    fn engine(self: &Rc<Self>) -> Rc<Engine> {
        Rc::clone(self)
    }
}

/// Registers `name` once for each number of arguments in `arity`. The function is given `state` with every call.
pub(crate) fn define<S, T>(
    connection: &Connection,
    state: &Rc<S>,
    name: &'static str,
    arity: RangeInclusive<usize>,
    effect: Effect,
    body: impl Fn(&S, &Arguments<'_>) -> Result<T> + 'static,
) -> rusqlite::Result<()>
where
    S: OnConnection + 'static,
    T: Into<Value>,
{
    let given = Rc::clone(state);
    let body = Box::new(move |arguments: &Arguments<'_>| body(&given, arguments).map(Into::into));
    register(connection, &state.engine(), Function { name, arity, effect, body })
}

fn register(connection: &Connection, engine: &Engine, function: Function) -> rusqlite::Result<()> {
    let function = Rc::new(function);
    let name = CString::new(function.name)?;
    for count in function.arity.clone() {
        let data = Box::into_raw(Box::new(OfConnection::new(Rc::clone(&function))));
        // SAFETY: the handle is open; the function is given back by `release`, which SQLite calls once, also where this call fails.
        let code = unsafe {
            ffi::sqlite3_create_function_v2(
                connection.handle(),
                name.as_ptr(),
                c_int::try_from(count).unwrap_or_default(),
                function.effect.flags(),
                data.cast(),
                Some(call),
                None,
                None,
                Some(release::<OfConnection<Rc<Function>>>),
            )
        };
        if code != ffi::SQLITE_OK {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        }
    }
    engine.state::<Functions>().0.borrow_mut().entry(function.name).or_default().push(Rc::downgrade(&function));
    Ok(())
}

unsafe extern "C" fn call(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: SQLite hands over as many valid values as the function was registered with, and what it was registered with; neither goes
    // away during the call.
    unsafe {
        let function = (*ffi::sqlite3_user_data(context).cast::<OfConnection<Rc<Function>>>()).get();
        let outcome = catch_unwind(AssertUnwindSafe(|| (function.body)(&Arguments { values: &arguments(count, values)? })));
        match outcome.unwrap_or_else(|_| Err(Error::panicked())) {
            Ok(value) => set_result(context, ValueRef::from(&value)),
            Err(error) => set_error(context, tell(function.name, error)),
        }
    }
}

/// Answers a call of a scalar function with an error. The code comes last, for a text sets it to SQLITE_ERROR.
///
/// # Safety
/// The context is that of a running call.
pub(crate) unsafe fn set_error(context: *mut ffi::sqlite3_context, told: Told) {
    // SAFETY: by the contract; SQLite copies the text.
    unsafe {
        if let Some(text) = &told.text {
            ffi::sqlite3_result_error(context, text.as_ptr(), -1);
        }
        ffi::sqlite3_result_error_code(context, told.code);
    }
}

/// The arguments of a call.
pub(crate) struct Arguments<'a> {
    pub(crate) values: &'a [ValueRef<'a>],
}

impl<'a> Arguments<'a> {
    /// The argument at `index`, NULL where the call has fewer.
    pub(crate) fn value(&self, index: usize) -> ValueRef<'a> {
        self.values.get(index).copied().unwrap_or(ValueRef::Null)
    }

    /// The first four arguments.
    pub(crate) fn values(&self) -> [ValueRef<'a>; 4] {
        [0, 1, 2, 3].map(|index| self.value(index))
    }

    /// How many arguments the call has.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
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
