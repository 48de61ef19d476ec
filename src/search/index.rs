//! The index of titles in the file: filled and caught up by `authz_index_search()`, read by every search that does not know beforehand
//! everything that its viewer may see.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use rusqlite::params;
use rusqlite::types::{Value, ValueRef};

use super::grams::{FORMAT, tokens};
use super::sieve::Sieve;
use super::text::Folded;
use super::viewer::{Entry, Key, text, title, where_there};
use crate::base::identifier::Id;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result, words_of_sqlite};

/// With more notes than this the index says too little, and names are read where they stand.
pub(crate) const MOST_NOTES: usize = 50_000;

/// What changed since the index was caught up.
#[derive(Default)]
pub(crate) struct Notes {
    keys: HashSet<Key>,
    /// As they are now, those that still are
    pub(crate) entries: Vec<Entry>,
}

impl Notes {
    /// Whether what the index says of a resource is out of date.
    pub(crate) fn has(&self, resource_type: &Rc<str>, id: ValueRef<'_>) -> bool {
        !self.keys.is_empty() && self.keys.contains(&(Rc::clone(resource_type), Id::stored(id)))
    }
}

/// The index as far as it is kept in memory: everything but the index.
pub(crate) struct Index {
    pub(crate) notes: Notes,
    /// `None` where somebody dropped it: then the index itself is asked about everything
    pub(crate) sieve: Option<Sieve>,
}

/// The index, if there is one that the notes complete.
pub(crate) fn read(engine: &Engine) -> Result<Option<Index>> {
    if format(engine)? != FORMAT {
        return Ok(None);
    }
    let notes = engine.with(include_str!("../../sql/search/index/noted.sql"), |statement| {
        let mut notes = Notes::default();
        let mut rows = statement.query([i64::try_from(MOST_NOTES + 1).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let resource_type: Rc<str> = row.get::<_, String>(0)?.into();
            let id: Value = row.get(1)?;
            notes.keys.insert((Rc::clone(&resource_type), Id::stored(ValueRef::from(&id))));
            if row.get(2)? {
                notes.entries.push(Entry::new(&resource_type, id, text(row.get_ref(3)?).as_deref()));
            }
        }
        Ok((notes.keys.len() <= MOST_NOTES).then_some(notes))
    })?;
    Ok(match notes {
        Some(notes) => Some(Index { notes, sieve: sieve(engine)? }),
        None => None,
    })
}

fn sieve(engine: &Engine) -> Result<Option<Sieve>> {
    let sieve = engine.with(include_str!("../../sql/search/index/sieve.sql"), |statement| {
        let mut rows = statement.query([])?;
        Ok(match rows.next()? {
            Some(row) => row.get_ref(0)?.as_blob().ok().and_then(Sieve::stored),
            None => None,
        })
    });
    Ok(where_there(sieve)?.flatten())
}

fn format(engine: &Engine) -> Result<i64> {
    engine.with(include_str!("../../sql/search/index/state.sql"), |statement| {
        let mut rows = statement.query([])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(0))
    })
}

/// Hands over type, id and title of each document that has the tokens asked for; `false` when there is no index to ask.
pub(crate) fn candidates(engine: &Engine, question: &str, mut take: impl FnMut(&str, ValueRef<'_>, &str) -> Result<()>) -> Result<bool> {
    let asked = engine.with(include_str!("../../sql/search/index/candidates.sql"), |statement| {
        let mut rows = statement.query([question])?;
        while let Some(row) = rows.next()? {
            let title = String::from_utf8_lossy(row.get_ref(2)?.as_bytes().unwrap_or_default());
            take(row.get_ref(0)?.as_str().unwrap_or_default(), row.get_ref(1)?, &title)?;
        }
        Ok(())
    });
    match asked {
        Ok(()) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Somebody dropped the index, or this SQLite cannot read it.
fn is_missing(error: &Error) -> bool {
    match error {
        Error::Sqlite(error) => words_of_sqlite(error).starts_with("no such module"),
        error => error.lacks_schema(),
    }
}

/// Fills the index, or takes in what changed since it was filled; how many titles it took in.
///
/// # Errors
/// The file has no table for the index; it may only be read.
pub(crate) fn catch_up(engine: &Engine) -> Result<i64> {
    engine.atomically(|| {
        let sieve = match format(engine)? == FORMAT {
            true => sieve(engine)?,
            false => None,
        };
        let (mut index, is_new) = match sieve {
            Some(sieve) => (Growing { engine, sieve, count: 0 }, false),
            None => (Growing { engine, sieve: Sieve::empty(), count: 0 }, true),
        };
        if !candidates(engine, "\"^\"", |_, _, _| Ok(()))? {
            let has_fts5 = engine.with(include_str!("../../sql/search/index/has_fts5.sql"), |statement| Ok(statement.exists([])?))?;
            return Err(match has_fts5 {
                true => Error::refused("this file has no index of titles; `SELECT authz_migrate('search')` makes it"),
                false => Error::refused(
                    "this SQLite has no FTS5, which the index needs; search works without it, more slowly as names grow many: use a build with SQLITE_ENABLE_FTS5",
                ),
            });
        }
        if is_new {
            index.build()?
        } else {
            index.take_in_notes()?
        }
        run(engine, include_str!("../../sql/search/index/forget_notes.sql"), params![])?;
        if index.count > 0 || is_new {
            run(engine, include_str!("../../sql/search/index/set_sieve.sql"), params![index.sieve.bytes()])?;
        }
        Ok(index.count)
    })
}

/// The index while titles are taken in.
struct Growing<'a> {
    engine: &'a Engine,
    sieve: Sieve,
    count: i64,
}

impl Growing<'_> {
    fn build(&mut self) -> Result<()> {
        let engine = self.engine;
        run(engine, include_str!("../../sql/search/index/delete_documents.sql"), params![])?;
        run(engine, include_str!("../../sql/search/index/delete_all_tokens.sql"), params![])?;
        run(engine, include_str!("../../sql/search/index/merge_late.sql"), params![])?;
        engine.with(include_str!("../../sql/search/index/all_names.sql"), |statement| {
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let id: Value = row.get(1)?;
                self.insert(row.get_ref(0)?.as_str().unwrap_or_default(), &id, &title(&id, text(row.get_ref(2)?).as_deref()))?;
                self.count += 1;
            }
            Ok(())
        })?;
        run(engine, include_str!("../../sql/search/index/optimize.sql"), params![])?;
        run(engine, include_str!("../../sql/search/index/merge_as_usual.sql"), params![])?;
        run(engine, include_str!("../../sql/search/index/set_state.sql"), params![FORMAT])
    }

    fn take_in_notes(&mut self) -> Result<()> {
        self.engine.with(include_str!("../../sql/search/index/noted.sql"), |statement| {
            let mut rows = statement.query([i64::MAX])?;
            while let Some(row) = rows.next()? {
                let (resource_type, id) = (row.get::<_, String>(0)?, row.get::<_, Value>(1)?);
                self.remove(&resource_type, &id)?;
                if row.get(2)? {
                    self.insert(&resource_type, &id, &title(&id, text(row.get_ref(3)?).as_deref()))?;
                }
                self.count += 1;
            }
            Ok(())
        })
    }

    fn insert(&mut self, resource_type: &str, id: &Value, title: &str) -> Result<()> {
        run(self.engine, include_str!("../../sql/search/index/insert_document.sql"), params![resource_type, id, title])?;
        let number = self.engine.connection().last_insert_rowid();
        let tokens = tokens(&Folded::of(title));
        self.sieve.add(tokens.iter().map(String::as_str));
        run(self.engine, include_str!("../../sql/search/index/insert_tokens.sql"), params![number, spaced(&tokens)])
    }

    /// FTS5 keeps no text, so it is told once more which tokens to take out.
    fn remove(&self, resource_type: &str, id: &Value) -> Result<()> {
        let found = self.engine.with(include_str!("../../sql/search/index/find_document.sql"), |statement| {
            let mut rows = statement.query(params![resource_type, id])?;
            Ok(rows.next()?.map(|row| Ok::<_, rusqlite::Error>((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).transpose()?)
        })?;
        if let Some((number, title)) = found {
            let tokens = spaced(&tokens(&Folded::of(&title)));
            run(self.engine, include_str!("../../sql/search/index/delete_tokens.sql"), params![number, tokens])?;
            run(self.engine, include_str!("../../sql/search/index/delete_document.sql"), params![number])?;
        }
        Ok(())
    }
}

/// As FTS5 takes them.
fn spaced(tokens: &BTreeSet<String>) -> String {
    tokens.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn run(engine: &Engine, sql: &'static str, parameters: &[&dyn rusqlite::ToSql]) -> Result<()> {
    engine.with(sql, |statement| Ok(statement.execute(parameters).map(drop)?))
}
