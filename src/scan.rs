//! `authz_check` as SQLite calls it: once, or for every row of a statement.
//!
//! A statement that asks the same question of many rows is answered from the set of what the subject sees. Such a set costs as much as some
//! thousand checks; so rows are first checked one by one, and the set is made when as much has been spent on them. It is handed from row to
//! row as SQLite's auxiliary data of the permission, which live as long as that argument stays the same in one run of the statement.
//!
//! **Never stale.** What is handed on is made while the connection reads, and holds a statement open, so that the transaction in which it
//! was made goes on; and it is set aside as soon as the connection itself writes anything, which SQLite counts.

use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

use crate::check::check;
use crate::engine::{Engine, Snapshot, Transaction, count};
use crate::error::{Result, to_sqlite};
use crate::function::id as id_of;
use crate::identifier::IdRef;
use crate::limits::NEVER;
use crate::store::now;
use crate::visible::Visible;

/// The arguments to which auxiliary data belong. Those of the permission are what is handed on; those of the other two only tell, by still
/// being there at the next row, that the argument is the same for the whole run and need not be looked at.
const OF_SUBJECT: c_int = 0;
const OF_PERMISSION: c_int = 1;
const OF_TYPE: c_int = 2;

/// After so many times the rows that make a statement one that asks about many, the set is made, if it takes no more steps than the second
/// number says: about what has been spent by then.
const ATTEMPTS: [(usize, usize); 3] = [(32, 10_000), (256, 80_000), (1_024, usize::MAX)];

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    // SAFETY: the handle is open; the engine is given back by `release`, which SQLite calls once, also where this call fails.
    let code = unsafe {
        ffi::sqlite3_create_function_v2(
            connection.handle(),
            c"authz_check".as_ptr(),
            4,
            ffi::SQLITE_UTF8 | ffi::SQLITE_INNOCUOUS,
            Arc::into_raw(Arc::clone(engine)).cast_mut().cast(),
            Some(call),
            None,
            None,
            Some(release),
        )
    };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

unsafe extern "C" fn release(engine: *mut c_void) {
    // SAFETY: made by `Arc::into_raw` in `register`.
    drop(unsafe { Arc::from_raw(engine.cast::<Engine>()) });
}

unsafe extern "C" fn call(context: *mut ffi::sqlite3_context, count: c_int, arguments: *mut *mut ffi::sqlite3_value) {
    // SAFETY: SQLite hands over as many valid values as the function was registered with, and the engine from `register`; neither goes
    // away during the call.
    let outcome = catch_unwind(AssertUnwindSafe(|| unsafe {
        let engine = &*ffi::sqlite3_user_data(context).cast::<Engine>();
        let values = std::slice::from_raw_parts(arguments, usize::try_from(count).unwrap_or_default());
        let Ok(values) = <[*mut ffi::sqlite3_value; 4]>::try_from(values) else { return Ok(false) };
        row(context, engine, values)
    }));
    let error = match outcome {
        // SAFETY: the context is that of this call.
        Ok(Ok(allowed)) => return unsafe { ffi::sqlite3_result_int(context, c_int::from(allowed)) },
        Ok(Err(error)) => to_sqlite("authz_check", error),
        Err(_) => rusqlite::Error::ModuleError("authz_check: internal error; please report it".to_owned()),
    };
    let (code, text) = match error {
        rusqlite::Error::SqliteFailure(error, text) => (error.extended_code, text),
        other => (ffi::SQLITE_ERROR, Some(other.to_string())),
    };
    let text = text.and_then(|text| CString::new(text).ok());
    // SAFETY: the context is that of this call; SQLite copies the text.
    unsafe {
        if let Some(text) = text {
            ffi::sqlite3_result_error(context, text.as_ptr(), -1);
        }
        ffi::sqlite3_result_error_code(context, code);
    }
}

/// The value of an argument, for the length of the call.
unsafe fn value<'a>(value: *mut ffi::sqlite3_value) -> ValueRef<'a> {
    // SAFETY: the value is valid during the call; the text is asked for before its length, as SQLite wants it.
    unsafe {
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => ValueRef::Integer(ffi::sqlite3_value_int64(value)),
            ffi::SQLITE_FLOAT => ValueRef::Real(ffi::sqlite3_value_double(value)),
            ffi::SQLITE_TEXT => {
                let text = ffi::sqlite3_value_text(value);
                let length = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or_default();
                ValueRef::Text(if text.is_null() { &[] } else { std::slice::from_raw_parts(text, length) })
            }
            ffi::SQLITE_BLOB => ValueRef::Blob(&[]),
            _ => ValueRef::Null,
        }
    }
}

/// What is handed from row to row.
struct Memo {
    subject: Box<str>,
    permission: Box<str>,
    resource_type: Box<str>,
    /// How often the connection had written when this was made
    writes: c_int,
    /// Whether subject and type stay the same too; not known at first
    is_fixed: Cell<Option<bool>>,
    rows: Cell<usize>,
    /// After so many a statement asks about many
    many: usize,
    set: RefCell<Option<Rc<Visible>>>,
    _snapshot: Snapshot,
}

/// Answers one row.
unsafe fn row(context: *mut ffi::sqlite3_context, engine: &Engine, arguments: [*mut ffi::sqlite3_value; 4]) -> Result<bool> {
    // SAFETY: the arguments are valid during the call.
    let values = || arguments.map(|argument| unsafe { value(argument) });
    // SAFETY: the auxiliary data of this argument are set below and nowhere else: a count as it is, or a memo.
    let data = unsafe { ffi::sqlite3_get_auxdata(context, OF_PERMISSION) };
    let count = data as usize;
    let many = engine.limits.get().scan_rows;
    if count > NEVER {
        // SAFETY: as above; SQLite drops the memo when the statement's run ends, not during a call.
        let memo = unsafe { &*data.cast::<Memo>() };
        let is_asked = memo.writes == engine.writes() && (memo.is_fixed(context) || memo.is_about(values()));
        let [_, _, _, id] = arguments;
        // SAFETY: the argument is valid during the call.
        if is_asked && let Some(answer) = memo.answer(engine, || unsafe { value(id) })? {
            return Ok(answer);
        }
    } else if count < many {
        // SAFETY: a number in the place of a pointer is never looked through, and needs no destructor.
        unsafe { ffi::sqlite3_set_auxdata(context, OF_PERMISSION, (count + 1) as *mut c_void, None) };
    } else if count == many && many != NEVER {
        let (data, destructor): (*mut c_void, unsafe extern "C" fn(*mut c_void)) = match Memo::new(engine, values())? {
            Some(memo) => (Box::into_raw(Box::new(memo)).cast(), forget),
            None => (NEVER as *mut c_void, keep),
        };
        // SAFETY: the memo is given back by `forget`, which SQLite calls once; the other two are numbers.
        unsafe {
            ffi::sqlite3_set_auxdata(context, OF_SUBJECT, NEVER as *mut c_void, None);
            ffi::sqlite3_set_auxdata(context, OF_TYPE, NEVER as *mut c_void, None);
            ffi::sqlite3_set_auxdata(context, OF_PERMISSION, data, Some(destructor));
        }
    }
    check(engine, values())
}

unsafe extern "C" fn forget(memo: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `row`.
    let memo = unsafe { Box::from_raw(memo.cast::<Memo>()) };
    // Nothing in here panics; a panic must not reach SQLite all the same.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(memo)));
}

unsafe extern "C" fn keep(_: *mut c_void) {}

impl Memo {
    /// `None` where answers cannot be handed on.
    fn new(engine: &Engine, values: [ValueRef<'_>; 4]) -> Result<Option<Memo>> {
        let (ValueRef::Text(subject), ValueRef::Text(permission), ValueRef::Text(slug)) = (values[0], values[1], values[2]) else {
            return Ok(None);
        };
        let texts = [subject, permission, slug].map(std::str::from_utf8);
        let [Ok(subject), Ok(permission), Ok(slug)] = texts else { return Ok(None) };
        if engine.transaction() != Transaction::Read {
            return Ok(None);
        }
        let memo = Memo {
            subject: subject.into(),
            permission: permission.into(),
            resource_type: slug.into(),
            writes: engine.writes(),
            is_fixed: Cell::new(None),
            rows: Cell::new(0),
            many: engine.limits.get().scan_rows,
            set: RefCell::default(),
            _snapshot: engine.snapshot()?,
        };
        let steps = if memo.many == 0 { usize::MAX } else { 0 };
        *memo.set.borrow_mut() = memo.visible(engine, steps)?;
        Ok(Some(memo))
    }

    /// What the subject sees, if it is known already or takes at the most so many steps to find out.
    fn visible(&self, engine: &Engine, steps: usize) -> Result<Option<Rc<Visible>>> {
        engine.read(|reader| {
            let resource_type = reader.resource_type(&self.resource_type)?;
            let relation = reader.relation(&self.permission, resource_type)?;
            let who = reader.subject(&self.subject)?;
            reader.visible(who, relation, steps)
        })
    }

    /// Whether SQLite has kept the marks of the other arguments: it does so for those that are the same at every row.
    fn is_fixed(&self, context: *mut ffi::sqlite3_context) -> bool {
        self.is_fixed.get().unwrap_or_else(|| {
            // SAFETY: the context is that of the call.
            let is_kept = |argument| unsafe { !ffi::sqlite3_get_auxdata(context, argument).is_null() };
            let is_fixed = is_kept(OF_SUBJECT) && is_kept(OF_TYPE);
            self.is_fixed.set(Some(is_fixed));
            is_fixed
        })
    }

    fn is_about(&self, values: [ValueRef<'_>; 4]) -> bool {
        let [subject, _, slug, _] = values;
        matches!(subject, ValueRef::Text(subject) if *subject == *self.subject.as_bytes())
            && matches!(slug, ValueRef::Text(slug) if *slug == *self.resource_type.as_bytes())
    }

    /// The answer from the set; `None` while there is none.
    fn answer<'a>(&self, engine: &Engine, id: impl FnOnce() -> ValueRef<'a>) -> Result<Option<bool>> {
        if let Some(set) = &*self.set.borrow()
            && (set.until == i64::MAX || set.until > now())
        {
            count(&engine.counts.checks_from_set);
            return match id() {
                ValueRef::Integer(number) => Ok(Some(set.ids.contains(IdRef::Integer(number)))),
                // Whatever is no id is for the slow way to refuse.
                other => match IdRef::stored(other) {
                    Some(id) if set.ids.contains(id) => Ok(Some(true)),
                    Some(IdRef::Integer(_)) => Ok(Some(false)),
                    _ => id_of(other, "resource id").map(|_| Some(false)),
                },
            };
        }
        let rows = self.rows.get().saturating_add(1);
        self.rows.set(rows);
        if let Some((_, steps)) = ATTEMPTS.iter().find(|(times, _)| times * self.many == rows) {
            *self.set.borrow_mut() = self.visible(engine, *steps)?;
        }
        Ok(None)
    }
}
