//! `authz_help`: every public function, table-valued function, table, view and virtual-table module, with what it takes, what it answers
//! and an example.
//!
//! The texts are here and nowhere else: `docs/reference.md` is made from them, and `tests/help.rs` compares both with what is registered and
//! runs each example. A file for each system; where a system has many names, a folder with a file for each part.
//!
//! May use: `base`, `sqlite`.

mod core;
mod entry;
mod events;
mod identity;
mod library;
mod search;

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;

use self::entry::Entry;
use crate::base::refusal::{nearest, shown};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, &HELP, help)
}

/// `authz_help([name])`: a row for each public name, by system, kind and name; with a name, with or without `authz_`, that one. Reads
/// nothing of the file.
///
/// An unknown name is an error that suggests the nearest.
static HELP: TableFunction = TableFunction {
    name: "authz_help",
    columns: &["name", "kind", "system", "writes", "arguments", "result", "about", "example"],
    arguments: &["of_name"],
    required: 0,
    bounded: None,
    expected_rows: 130,
};

/// What every public name begins with.
const PREFIX: &str = "authz_";

/// The systems, in their order, with the parts of their texts. What is of no system, and works without a schema, is the library's.
static SYSTEMS: [(&str, &[&[Entry]]); 5] = [
    ("core", core::PARTS),
    ("events", &[events::ENTRIES]),
    ("identity", identity::PARTS),
    ("search", &[search::ENTRIES]),
    ("library", &[library::ENTRIES]),
];

fn help(_engine: &Rc<Engine>, call: Call) -> Result<Box<dyn Rows>> {
    let mut entries: Vec<(&str, &Entry)> = Vec::new();
    for (system, parts) in &SYSTEMS {
        let mut own: Vec<&Entry> = parts.iter().flat_map(|part| part.iter()).collect();
        own.sort_by_key(|entry| (entry.kind, entry.name));
        entries.extend(own.into_iter().map(|entry| (*system, entry)));
    }
    if let Some(given) = call.text(0, "name")? {
        let name = match given.split_at_checked(PREFIX.len()) {
            Some((begin, rest)) if begin.eq_ignore_ascii_case(PREFIX) => rest,
            _ => given,
        };
        let is_wanted = |entry: &Entry| bare(entry).eq_ignore_ascii_case(name);
        if !entries.iter().any(|(_, entry)| is_wanted(entry)) {
            return Err(unknown(given, name, entries.iter().map(|(_, entry)| *entry)));
        }
        entries.retain(|(_, entry)| is_wanted(entry));
    }
    Ok(Made::rows(entries.into_iter().map(row).collect()))
}

/// The name of an entry without what every name begins with.
fn bare(entry: &Entry) -> &'static str {
    entry.name.strip_prefix(PREFIX).unwrap_or(entry.name)
}

fn unknown<'a>(given: &str, name: &str, entries: impl Iterator<Item = &'a Entry>) -> Error {
    let near = match nearest(name, entries.map(bare)) {
        near if near.is_empty() => "; SELECT name FROM authz_help() lists all names".to_owned(),
        near => near,
    };
    Error::refused(format!("there is no function or table `{}`{near}", shown(&given.escape_debug().to_string())))
}

fn row((system, entry): (&str, &Entry)) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        text(entry.name),
        text(entry.kind.word()),
        text(system),
        Value::Integer(entry.writes.into()),
        text(entry.arguments),
        text(entry.result),
        text(entry.about),
        text(entry.example),
    ]
}
