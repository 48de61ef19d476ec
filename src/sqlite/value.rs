//! Values as SQLite hands them over: texts and ids among the arguments of a call, and ids as they are stored.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};

use super::error::{Error, Result};
use crate::base::identifier::{Id, IdRef, MAX_ID_BYTES, canonical_integer, check_id};
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
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
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
        ValueRef::Text(_) => {
            let given = text(value, what)?.unwrap_or_default();
            if canonical_integer(given).is_none() {
                check_id(what, given)?;
            }
            Ok(Some(GivenId { value }))
        }
        other => Err(Error::refused(format!("the {what} is {}; an id is INTEGER or TEXT", type_name(other)))),
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
