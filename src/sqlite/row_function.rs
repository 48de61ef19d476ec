//! Functions that SQLite calls for every row of a statement, and that keep something from row to row.
//!
//! SQLite keeps auxiliary data of an argument as long as that argument stays the same in one run of a statement. There the first rows are
//! counted, and then a memo is made, which is handed from row to row. Of when that is, and of what is in the memo, nothing is known here:
//! that says the [`RowFunction`].

use std::ffi::{CStr, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

use super::error::{Error, Result, tell};
use super::scalar::set_error;
use super::value::argument;

/// How many arguments the function has.
const ARGUMENTS: usize = 4;

/// The arguments to which auxiliary data belong. Those of the memo's are what is handed on; those of the other two only tell, by still
/// being there at the next row, that the argument is the same for the whole run and need not be looked at.
const OF_MEMO: usize = 1;
const MARKED: [usize; 2] = [0, 2];

/// As [`RowFunction::many`], and in the place of a memo: none is made. No address of a memo is as small.
pub(crate) const NEVER: usize = 4095;

/// A function of four arguments that answers 0 or 1. The data handed from row to row go with its second argument.
pub(crate) trait RowFunction: 'static {
    const NAME: &'static CStr;
    /// What is handed from row to row.
    type Memo: 'static;

    /// After so many rows with one second argument a memo is made; [`NEVER`] for never.
    fn many(&self) -> usize;
    /// Makes a memo; `None` where there can be none in this run of the statement.
    fn memo(&self, values: [ValueRef<'_>; ARGUMENTS]) -> Result<Option<Self::Memo>>;
    /// Answers from a memo; `None` where it does not say.
    fn by_memo(&self, memo: &Self::Memo, row: &Row<'_>) -> Result<Option<bool>>;
    /// Answers by itself.
    fn alone(&self, values: [ValueRef<'_>; ARGUMENTS]) -> Result<bool>;
}

/// Registers a function; it reads the file, and may be called in views and triggers.
pub(crate) fn define<F: RowFunction>(connection: &Connection, function: &Rc<F>) -> rusqlite::Result<()> {
    // SAFETY: the handle is open; the function is given back by `release`, which SQLite calls once, also where this call fails.
    let code = unsafe {
        ffi::sqlite3_create_function_v2(
            connection.handle(),
            F::NAME.as_ptr(),
            ARGUMENTS as c_int,
            ffi::SQLITE_UTF8 | ffi::SQLITE_INNOCUOUS,
            Rc::into_raw(Rc::clone(function)).cast_mut().cast(),
            Some(call::<F>),
            None,
            None,
            Some(release::<F>),
        )
    };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

unsafe extern "C" fn release<F: RowFunction>(function: *mut c_void) {
    // SAFETY: made by `Rc::into_raw` in `define`; like every callback it runs under the mutex of the connection, with which alone the
    // function is shared.
    let function = unsafe { Rc::from_raw(function.cast::<F>()) };
    // Nothing in here panics; a panic must not reach SQLite all the same.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(function)));
}

unsafe extern "C" fn call<F: RowFunction>(context: *mut ffi::sqlite3_context, count: c_int, arguments: *mut *mut ffi::sqlite3_value) {
    // SAFETY: SQLite hands over as many valid values as the function was registered with, and the function from `define`; neither goes
    // away during the call.
    let outcome = catch_unwind(AssertUnwindSafe(|| unsafe {
        let function = &*ffi::sqlite3_user_data(context).cast::<F>();
        let values = std::slice::from_raw_parts(arguments, usize::try_from(count).unwrap_or_default());
        let Ok(values) = <&[*mut ffi::sqlite3_value; ARGUMENTS]>::try_from(values) else { return Ok(false) };
        answer(function, &Row { context, arguments: values })
    }));
    let error = match outcome {
        // SAFETY: the context is that of this call.
        Ok(Ok(answer)) => return unsafe { ffi::sqlite3_result_int(context, c_int::from(answer)) },
        Ok(Err(error)) => error,
        Err(_) => Error::panicked(),
    };
    // SAFETY: the context is that of this call.
    unsafe { set_error(context, tell(&F::NAME.to_string_lossy(), error)) };
}

/// One call: the arguments of a row, and what was handed on to it.
pub(crate) struct Row<'a> {
    context: *mut ffi::sqlite3_context,
    arguments: &'a [*mut ffi::sqlite3_value; ARGUMENTS],
}

impl<'a> Row<'a> {
    pub(crate) fn values(&self) -> Result<[ValueRef<'a>; ARGUMENTS]> {
        let [first, second, third, fourth] = *self.arguments;
        // SAFETY: the arguments are valid during the call.
        unsafe { Ok([argument(first)?, argument(second)?, argument(third)?, argument(fourth)?]) }
    }

    /// The last argument.
    pub(crate) fn last(&self) -> Result<ValueRef<'a>> {
        let [.., last] = self.arguments;
        // SAFETY: the arguments are valid during the call.
        unsafe { argument(*last) }
    }

    /// Whether SQLite has kept the marks of the first and the third argument: it does so for those that are the same at every row.
    pub(crate) fn is_fixed(&self) -> bool {
        // SAFETY: the context is that of the call.
        MARKED.iter().all(|argument| unsafe { !ffi::sqlite3_get_auxdata(self.context, *argument as c_int).is_null() })
    }
}

/// Answers one row.
fn answer<F: RowFunction>(function: &F, row: &Row<'_>) -> Result<bool> {
    // SAFETY: the auxiliary data of this argument are set below and nowhere else: a count as it is, or a memo.
    let data = unsafe { ffi::sqlite3_get_auxdata(row.context, OF_MEMO as c_int) };
    let count = data as usize;
    let many = function.many();
    if count > NEVER {
        // SAFETY: as above; SQLite drops the memo when the statement's run ends, not during a call.
        let memo = unsafe { &*data.cast::<F::Memo>() };
        if let Some(answer) = function.by_memo(memo, row)? {
            return Ok(answer);
        }
    } else if count < many {
        // SAFETY: a number in the place of a pointer is never looked through, and needs no destructor.
        unsafe { ffi::sqlite3_set_auxdata(row.context, OF_MEMO as c_int, (count + 1) as *mut c_void, None) };
    } else if count == many && many != NEVER {
        let (data, destructor): (*mut c_void, unsafe extern "C" fn(*mut c_void)) = match function.memo(row.values()?)? {
            Some(memo) => (Box::into_raw(Box::new(memo)).cast(), forget::<F>),
            None => (NEVER as *mut c_void, keep),
        };
        // SAFETY: the memo is given back by `forget`, which SQLite calls once; the others are numbers.
        unsafe {
            for argument in MARKED {
                ffi::sqlite3_set_auxdata(row.context, argument as c_int, NEVER as *mut c_void, None);
            }
            ffi::sqlite3_set_auxdata(row.context, OF_MEMO as c_int, data, Some(destructor));
        }
    }
    function.alone(row.values()?)
}

unsafe extern "C" fn forget<F: RowFunction>(memo: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `answer`.
    let memo = unsafe { Box::from_raw(memo.cast::<F::Memo>()) };
    // Nothing in here panics; a panic must not reach SQLite all the same.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(memo)));
}

unsafe extern "C" fn keep(_: *mut c_void) {}
