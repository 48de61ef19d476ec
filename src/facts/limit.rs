//! `authz_limit`: how much a connection keeps between questions, and from when on it goes another way to an answer.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::limits::NAMES;
use super::store::Store;
use crate::base::refusal::{nearest, shown};
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_limit", 1..=2, Effect::Writes, limit)
}

/// `authz_limit(name [, value])` → the limit as it was before, INTEGER. It is of this connection alone and lasts as long; nothing is written.
///
/// | name | unless said | what |
/// |---|---|---|
/// | `kept_bytes` | 50331648 | bytes of each kind kept between questions, by an estimate: of facts, of a search, of sessions, of templates; when there are more, all of the kind are forgotten. With 0 nothing is kept, prepared statements neither |
/// | `kept_sets` | 16 | sets of what a subject sees that are kept |
/// | `few` | 64 | relationships of a resource that are read together |
/// | `wide` | 4096 | usersets that are gathered for a subject |
/// | `gathered` | 50000 | roles that are gathered for a subject |
/// | `scan_rows` | 64 | rows after which a statement counts as one that asks about many; 4095 is never |
///
/// Answers are the same whatever the limits. An unknown name, or a value that makes no sense, is an error.
fn limit(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    let name = call.required_text(0, "limit")?;
    let mut limits = store.limits.get();
    let Some((value, least, most)) = limits.named(name) else {
        let near = match nearest(name, NAMES) {
            near if near.is_empty() => format!("; the limits are {}", NAMES.map(|name| format!("`{name}`")).join(", ")),
            near => near,
        };
        return Err(Error::refused(format!("unknown limit `{}`{near}", shown(&name.escape_debug().to_string()))));
    };
    let before = *value;
    if call.count() > 1 {
        let given = match call.value(1) {
            ValueRef::Integer(number) => usize::try_from(number).ok().filter(|given| (least..=most).contains(given)),
            _ => None,
        };
        let Some(given) = given else {
            return Err(Error::refused(format!("the limit `{name}` is an INTEGER from {least} to {most}")));
        };
        *value = given;
        store.limits.set(limits);
        store.engine.keep_statements(limits.kept_bytes > 0);
        store.forget();
    }
    Ok(i64::try_from(before).unwrap_or(i64::MAX))
}
