//! Values as SQLite hands them over: texts and ids among the arguments of a call, and ids as they are stored.

use std::borrow::Cow;
use std::ffi::{c_char, c_int};

use rusqlite::ffi;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};

use super::error::{Error, Result};
use crate::base::identifier::{Id, IdRef, MAX_ID_BYTES, canonical_integer, check_id, integer_of_real};
use crate::base::refusal::shown;

impl Id {
    /// Reads an id as it is stored. What the schema keeps out is not looked for: nothing equals it.
    pub(crate) fn stored(value: ValueRef<'_>) -> Id {
        match value {
            ValueRef::Integer(number) => Id::Integer(number),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Id::of(&String::from_utf8_lossy(bytes)),
            ValueRef::Null | ValueRef::Real(_) => Id::Text("".into()),
        }
    }
}

impl<'a> IdRef<'a> {
    /// Reads an id as it is stored, `None` for what is no id.
    pub(crate) fn stored(value: ValueRef<'a>) -> Option<IdRef<'a>> {
        match value {
            ValueRef::Integer(number) => Some(IdRef::Integer(number)),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_ID_BYTES).map(IdRef::of),
            ValueRef::Real(number) => integer_of_real(number).map(IdRef::Integer),
            ValueRef::Null | ValueRef::Blob(_) => None,
        }
    }

    /// The two ways in which this id may be stored: the canonical one first.
    pub(crate) fn forms(self) -> (Value, Option<Value>) {
        match self {
            IdRef::Integer(number) => (Value::Integer(number), Some(Value::Text(number.to_string()))),
            IdRef::Text(text) => (Value::Text(text.to_owned()), None),
        }
    }
}

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Id::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Id::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// A text argument, or `None` for NULL.
pub(crate) fn text<'a>(value: ValueRef<'a>, what: &str) -> Result<Option<&'a str>> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Error::refused(format!("the {what} `{}` is not valid UTF-8", shown(&String::from_utf8_lossy(bytes))))),
        },
        other => Err(Error::refused(format!("the {what} is {}; it must be TEXT", type_name(other)))),
    }
}

/// An id as it was given: its canonical form and the value that was written.
#[derive(Debug, Clone)]
pub(crate) struct GivenId<'a> {
    value: ValueRef<'a>,
}

impl<'a> GivenId<'a> {
    /// The canonical form.
    pub(crate) fn id(&self) -> IdRef<'a> {
        IdRef::stored(self.value).unwrap_or(IdRef::Text(""))
    }

    /// What was written, with its type.
    pub(crate) fn value(&self) -> ValueRef<'a> {
        self.value
    }

    /// What was written, to be stored.
    pub(crate) fn value_as_stored(&self) -> Value {
        match self.value() {
            ValueRef::Integer(number) => Value::Integer(number),
            _ => Value::Text(self.text().into_owned()),
        }
    }

    /// The id as text.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        match self.value {
            ValueRef::Text(bytes) => String::from_utf8_lossy(bytes),
            _ => self.id().to_string().into(),
        }
    }
}

/// An id argument, or `None` for NULL.
pub(crate) fn id<'a>(value: ValueRef<'a>, what: &str) -> Result<Option<GivenId<'a>>> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(_) => Ok(Some(GivenId { value })),
        ValueRef::Real(number) => match integer_of_real(number) {
            Some(integer) => Ok(Some(GivenId { value: ValueRef::Integer(integer) })),
            None => Err(Error::refused(format!(
                "the {what} is the REAL {number:?}, and only whole numbers up to 2^53 are ids; bind an integer (in Node, a BigInt)"
            ))),
        },
        ValueRef::Text(_) => {
            let given = text(value, what)?.unwrap_or_default();
            if canonical_integer(given).is_none() {
                check_id(what, given)?;
            }
            Ok(Some(GivenId { value }))
        }
        ValueRef::Blob(_) => {
            Err(Error::refused(format!("the {what} is BLOB; an id is INTEGER or TEXT, so give a UUID as text, such as lower(hex(id))")))
        }
    }
}

/// The type of a value, as SQLite names it.
fn type_name(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "NULL",
        ValueRef::Integer(_) => "INTEGER",
        ValueRef::Real(_) => "REAL",
        ValueRef::Text(_) => "TEXT",
        ValueRef::Blob(_) => "BLOB",
    }
}

/// The arguments of a callback.
///
/// # Safety
/// `values` are as many valid values as `count` says; what is returned is of use while they are.
pub(crate) unsafe fn arguments<'a>(count: c_int, values: *mut *mut ffi::sqlite3_value) -> Result<Vec<ValueRef<'a>>> {
    let count = usize::try_from(count).unwrap_or_default();
    if count == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts(values, count).iter().map(|value| argument(*value)).collect() }
}

/// One argument of a callback.
///
/// # Errors
/// There is no memory to bring a text to UTF-8.
///
/// # Safety
/// The value is valid; what is returned is of use while it is.
#[inline]
pub(crate) unsafe fn argument<'a>(value: *mut ffi::sqlite3_value) -> Result<ValueRef<'a>> {
    // SAFETY: by the contract; the text or blob is asked for before its length, as SQLite wants it.
    unsafe {
        let bytes = |start: *const u8| {
            let length = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or_default();
            match start.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(start, length),
            }
        };
        Ok(match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => ValueRef::Integer(ffi::sqlite3_value_int64(value)),
            ffi::SQLITE_FLOAT => ValueRef::Real(ffi::sqlite3_value_double(value)),
            ffi::SQLITE_TEXT => match ffi::sqlite3_value_text(value) {
                text if text.is_null() => return Err(Error::of_code(ffi::SQLITE_NOMEM)),
                text => ValueRef::Text(bytes(text)),
            },
            ffi::SQLITE_BLOB => ValueRef::Blob(bytes(ffi::sqlite3_value_blob(value).cast())),
            _ => ValueRef::Null,
        })
    }
}

/// Answers a call.
///
/// # Safety
/// The context is that of a running call.
pub(crate) unsafe fn set_result(context: *mut ffi::sqlite3_context, value: ValueRef<'_>) {
    // SAFETY: by the contract; SQLite copies texts and blobs.
    unsafe {
        match value {
            ValueRef::Null => ffi::sqlite3_result_null(context),
            ValueRef::Integer(number) => ffi::sqlite3_result_int64(context, number),
            ValueRef::Real(number) => ffi::sqlite3_result_double(context, number),
            ValueRef::Text(text) => ffi::sqlite3_result_text64(
                context,
                text.as_ptr().cast::<c_char>(),
                text.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                ffi::SQLITE_UTF8 as u8,
            ),
            ValueRef::Blob(blob) => {
                ffi::sqlite3_result_blob64(context, blob.as_ptr().cast(), blob.len() as u64, ffi::SQLITE_TRANSIENT());
            }
        }
    }
}
