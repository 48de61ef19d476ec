//! `authz_limit`: how much a connection keeps between questions, and from when on it goes another way to an answer.
//!
//! Each way gives the same answer: limits are about time and memory alone. The tests set them so low that every way is gone and every
//! cache overflows.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::engine::Engine;
use crate::error::{Error, Result, nearest, shown};
use crate::function::{Arguments, Effect, define};

/// The limits of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many bytes are kept at the most, by an estimate
    pub(crate) kept_bytes: usize,
    /// How many sets of what a subject sees are kept at the most
    pub(crate) kept_sets: usize,
    /// Up to so many relationships of a resource are read and kept together
    pub(crate) few: usize,
    /// A subject that more usersets contain is wide: what contains it is gathered only where the other side is wide as well
    pub(crate) wide: usize,
    /// A subject that holds more roles has them looked up where the question leads, instead of gathered
    pub(crate) gathered: usize,
    /// After so many rows a statement is taken for one that asks about many; 0 makes the set at once, [`NEVER`] never
    pub(crate) scan_rows: usize,
}

/// As `scan_rows`: no statement is answered from a set.
pub(crate) const NEVER: usize = 4095;

impl Default for Limits {
    fn default() -> Limits {
        Limits { kept_bytes: 48 << 20, kept_sets: 16, few: 64, wide: 4096, gathered: 50_000, scan_rows: 64 }
    }
}

const NAMES: [&str; 6] = ["kept_bytes", "kept_sets", "few", "wide", "gathered", "scan_rows"];

impl Limits {
    /// The limit of that name, with the least and the most it may be.
    fn named(&mut self, name: &str) -> Option<(&mut usize, usize, usize)> {
        let most = u32::MAX as usize;
        Some(match name {
            "kept_bytes" => (&mut self.kept_bytes, 0, most),
            "kept_sets" => (&mut self.kept_sets, 1, most),
            "few" => (&mut self.few, 1, most),
            "wide" => (&mut self.wide, 1, most),
            "gathered" => (&mut self.gathered, 0, most),
            "scan_rows" => (&mut self.scan_rows, 0, NEVER),
            _ => return None,
        })
    }
}

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_limit", 1..=2, Effect::Writes, limit)
}

/// `authz_limit(name [, value])` → the limit as it was before, INTEGER. It is of this connection alone and lasts as long; nothing is written.
///
/// | name | unless said | what |
/// |---|---|---|
/// | `kept_bytes` | 50331648 | bytes kept between questions, by an estimate; when there are more, all are forgotten |
/// | `kept_sets` | 16 | sets of what a subject sees that are kept |
/// | `few` | 64 | relationships of a resource that are read together |
/// | `wide` | 4096 | usersets that are gathered for a subject |
/// | `gathered` | 50000 | roles that are gathered for a subject |
/// | `scan_rows` | 64 | rows after which a statement counts as one that asks about many; 4095 is never |
///
/// Answers are the same whatever the limits. An unknown name, or a value that makes no sense, is an error.
fn limit(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let name = call.required_text(0, "limit")?;
    let mut limits = engine.limits.get();
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
        engine.limits.set(limits);
        if let Ok(mut store) = engine.store.try_borrow_mut() {
            store.forget();
        }
    }
    Ok(i64::try_from(before).unwrap_or(i64::MAX))
}
