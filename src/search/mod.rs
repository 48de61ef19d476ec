//! `authz_search`, `authz_search_all`: one box that finds, jumps and acts, and never shows what the viewer may not see.
//!
//! A search starts from the smaller side. A subject that sees little is answered from all it may see, kept ready between keystrokes for
//! as long as nothing changes. For a subject that sees much, and for an administrator, the index proposes titles, better tiers first; they
//! are scored, and from the best downwards each is shown to the viewer's eyes until the page is full. Without an index every name is
//! scored. All three ways give the same rows. In each, a typo is forgiven only when the viewer sees nothing that answers without one.
//!
//! | file | what happens there |
//! |---|---|
//! | `text.rs` | folding: letters without case and accents, words |
//! | `score.rs` | how well a title answers a query |
//! | `grams.rs` | the tokens of a title, and the questions to the index |
//! | `sieve.rs` | which tokens no title has, known without asking the index |
//! | `index.rs` | the index in the file, and the notes of what it has yet to take in |
//! | `viewer.rs` | what a viewer may see |
//! | `cache.rs` | what a connection keeps between keystrokes |
//! | `request.rs` | a search that is going on |
//! | `find.rs` | the resources that answer: three ways to the same rows |
//! | `hits.rs` | rows of all kinds, in one order |
//! | `commands.rs` | pages and actions of the application |
//! | `sources.rs` | what an administrator finds besides |
//!
//! May use: `base`, `sqlite`, `facts`, `access`.

mod cache;
mod commands;
mod find;
mod grams;
mod hits;
mod index;
mod request;
pub(crate) mod score;
mod sieve;
mod sources;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod viewer;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

pub(crate) use self::cache::Search;
use self::hits::{COLUMNS, KINDS};
use self::request::Request;
use self::score::Query;
use self::viewer::{Eyes, Viewer};
use crate::base::refusal::{nearest, shown};
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::Effect;
use crate::sqlite::table::{Answer, Call, Made, TableFunction, define, define_direct};
use crate::sqlite::value::text as text_of;

/// How many rows an answer has where no limit is given.
const LIMIT: usize = 20;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, search: &Rc<Search>) -> rusqlite::Result<()> {
    let engine = &search.store.engine;
    define(connection, search, &SEARCH, search_as_subject)?;
    define_direct(connection, search, &SEARCH_ALL, search_all)?;
    for arity in [5, 6, 8] {
        crate::sqlite::scalar::define(connection, engine, "authz_put_command", arity..=arity, Effect::Writes, commands::put)?;
    }
    crate::sqlite::scalar::define(connection, engine, "authz_remove_command", 1..=1, Effect::Writes, commands::remove)?;
    // authz_index_search() → how many titles were taken in. Makes the index where there is none or it was made by another version.
    crate::sqlite::scalar::define(connection, engine, "authz_index_search", 0..=0, Effect::Writes, |engine, _| index::catch_up(engine))
}

/// `authz_search(query, subject [, limit [, kinds ] ])`: the resources, pages and actions that answer a query and that the subject may
/// see, best first, 20 unless said.
///
/// `kinds` is a list such as `'page,action'`. Columns: `kind`; `resource_type` and `id` of a resource, or the `id` of a page or action;
/// `title`; `subtitle`, the names of what a resource lies in, `…` for what the subject may not see; `score`, higher is better;
/// `matches`, JSON ranges of characters in the title, `[[0,3]]`, the end not included; `target`, JSON.
///
/// A NULL or unknown subject finds nothing; one of an unknown type is an error, as is a query of more than 1000 characters or 32 words.
static SEARCH: TableFunction = TableFunction {
    name: "authz_search",
    columns: &COLUMNS,
    arguments: &["query", "subject", "limit", "kinds"],
    required: 2,
    bounded: None,
    expected_rows: 20,
};

/// `authz_search_all(query [, limit [, kinds ] ])`: the same for an administrator, who sees everything: resources of every type, pages
/// and actions, those of the schema included, and roles, permissions, subjects, groups, sessions, events. From statements of the
/// application's own only.
static SEARCH_ALL: TableFunction = TableFunction {
    name: "authz_search_all",
    columns: &COLUMNS,
    arguments: &["query", "limit", "kinds"],
    required: 1,
    bounded: None,
    expected_rows: 20,
};

fn search_as_subject(search: &Rc<Search>, call: Call) -> Answer {
    let Some(subject) = call.text(1, "subject")? else { return Ok(Made::none()) };
    let viewer = Viewer::Subject(subject.to_owned());
    answer(search, &call, &viewer, 2, &["page", "action", "resource"])
}

fn search_all(search: &Rc<Search>, call: Call) -> Answer {
    answer(search, &call, &Viewer::Administrator, 1, &KINDS)
}

/// Reads the arguments, of which the limit stands at `options` and the kinds after it.
fn answer(search: &Rc<Search>, call: &Call, viewer: &Viewer, options: usize, known: &[&'static str]) -> Answer {
    let limit = match call.value(options) {
        ValueRef::Null => LIMIT,
        ValueRef::Integer(limit) if limit >= 0 => usize::try_from(limit).unwrap_or(usize::MAX),
        other => return Err(Error::refused(format!("the limit `{}` is not a number of rows; give 0 or more", given(other)))),
    };
    let mut kinds = kinds(call.text(options + 1, "kinds")?, known)?;
    if let Some(equals) = &call.equals {
        kinds.retain(|kind| matches!(equals, Value::Text(text) if text == kind));
    }
    let number;
    let text = match call.value(0) {
        ValueRef::Integer(id) => {
            number = id.to_string();
            Some(number.as_str())
        }
        other => text_of(other, "query")?,
    };
    let query = match text {
        Some(text) => Query::parse(text)?,
        None => None,
    };
    search.store.engine.in_one_state(|| {
        let eyes = Eyes::of(&search.store, viewer, || cache::visible_types(search, viewer))?;
        let Some(query) = query.filter(|_| limit > 0) else { return Ok(Made::none()) };
        let scratch = RefCell::new(cache::scratch(search));
        let request = Request {
            search,
            engine: &search.store.engine,
            eyes,
            viewer,
            query: &query,
            limit,
            columns_used: call.columns_used,
            scratch,
            looked_at: Cell::new(0),
        };
        let rows = request.rows(&kinds)?;
        cache::give_back(search, request.scratch.into_inner());
        Ok(Made::rows(rows))
    })
}

fn given(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => shown(&String::from_utf8_lossy(bytes).escape_debug().to_string()),
        ValueRef::Null => "NULL".to_owned(),
    }
}

/// The kinds that are wanted: all that there are, or those of a list.
fn kinds(list: Option<&str>, known: &[&'static str]) -> Result<Vec<&'static str>> {
    let Some(list) = list else { return Ok(known.to_vec()) };
    let mut wanted = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match known.iter().find(|kind| **kind == name) {
            Some(kind) => wanted.push(*kind),
            None => {
                let next = match nearest(name, known.iter().copied()) {
                    near if near.is_empty() => format!("; the kinds are {}", known.join(", ")),
                    near => near,
                };
                return Err(Error::refused(format!("unknown kind `{}`{next}", shown(name))));
            }
        }
    }
    Ok(wanted)
}
