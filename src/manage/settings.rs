//! `authz_setting`, `authz_set_setting`: what the file itself decides about.

use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension};

use crate::base::identifier::canonical_integer;
use crate::base::refusal::{nearest, shown};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_setting", 1..=1, Effect::Reads, show)?;
    define(connection, engine, "authz_set_setting", 2..=2, Effect::Writes, set)
}

/// The settings that come with a system.
const OF_SYSTEMS: [(&str, &str); 5] = [
    ("events", "events"),
    ("events_keep_days", "events"),
    ("session_max_seconds", "identity"),
    ("session_inactivity_seconds", "identity"),
    ("require_membership", "identity"),
];

/// The value of a setting, or a refusal that suggests the nearest name.
fn found(engine: &Engine, name: &str) -> Result<Value> {
    let value = engine.with(include_str!("../../sql/manage/settings/find.sql"), |statement| {
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    })?;
    if let Some(value) = value {
        return Ok(value);
    }
    if let Some((_, system)) = OF_SYSTEMS.iter().find(|(setting, _)| *setting == name) {
        return Err(Error::NoSystem(system));
    }
    let known = engine.strings(include_str!("../../sql/manage/settings/names.sql"), &[])?;
    let near = nearest(name, known.iter().map(String::as_str));
    let next = match near.is_empty() {
        true if known.is_empty() => "; this file has none".to_owned(),
        true => format!("; the settings are {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        false => near,
    };
    Err(Error::refused(format!("unknown setting `{}`{next}", shown(&name.escape_debug().to_string()))))
}

/// `authz_setting(name)` → its value, TEXT or INTEGER; NULL for NULL. An unknown name is an error that suggests the nearest.
fn show(engine: &Engine, call: &Arguments<'_>) -> Result<Value> {
    match call.text(0, "setting")? {
        Some(name) => found(engine, name),
        None => Ok(Value::Null),
    }
}

/// `authz_set_setting(name, value)` → 1 if something changed, else 0. A number may be given as its text.
///
/// Refuses unknown names and values that make no sense.
fn set(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let name = call.required_text(0, "setting")?;
    let value = match call.value(1) {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Null => return Err(Error::refused(format!("the value of the setting `{}` is NULL; give one", shown(name)))),
        given => {
            let text = crate::sqlite::value::text(given, "value of a setting")?.unwrap_or_default();
            canonical_integer(text).map_or_else(|| Value::Text(text.to_owned()), Value::Integer)
        }
    };
    engine.atomically(|| {
        if found(engine, name)? == value {
            return Ok(0);
        }
        let set = engine.with(include_str!("../../sql/manage/settings/set.sql"), |statement| Ok(statement.execute((name, &value))?));
        match set {
            Ok(_) => Ok(1),
            // What makes sense is known to the schema; the sentence says what was given besides.
            Err(error) => match error.to_string().strip_prefix("setting_invalid: ") {
                Some(rule) => {
                    let given = match &value {
                        Value::Integer(number) => number.to_string(),
                        Value::Text(text) => shown(&text.escape_debug().to_string()),
                        _ => String::new(),
                    };
                    Err(Error::refused(format!("the setting cannot be `{given}`: {rule}")))
                }
                None => Err(error),
            },
        }
    })
}
