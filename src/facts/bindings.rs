//! The bindings as a connection knows them: read with the model, and as long valid.

use hashbrown::HashMap;

use crate::binding::entries::{Bindings, BoundType, Kind, Source};
use crate::binding::queries::{Query, SourceQueries, TypeQueries};
use crate::binding::triggers::names_on;
use crate::decide::goal::TypeKey;
use crate::model::compiled::Types;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};

/// The bindings of a file, with the statements that read the tables.
#[derive(Default)]
pub(crate) struct Bound {
    pub(super) types: HashMap<TypeKey, (BoundType, TypeQueries)>,
    /// For each type of a parent: the type bound below it, and the statement that lists what lies there
    pub(super) children: HashMap<TypeKey, Vec<(TypeKey, Query)>>,
    pub(super) sources: Vec<(Source, TypeKey, SourceQueries)>,
    /// Whether triggers note every change, so that what was read may be kept
    is_noted: bool,
}

impl Bound {
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.sources.is_empty()
    }

    /// Whether what was read of the application's tables may be kept.
    pub(crate) fn is_noted(&self) -> bool {
        self.is_noted
    }

    /// Whether the instances of a type are rows of a table.
    pub(crate) fn has(&self, of: TypeKey) -> bool {
        self.types.contains_key(&of)
    }

    /// The table of a type.
    pub(crate) fn table_of(&self, of: TypeKey) -> Option<&str> {
        self.types.get(&of).map(|(bound, _)| bound.table.as_str())
    }

    /// Whether rows say who holds roles, or is a member of groups.
    pub(crate) fn gives(&self, kind: Kind) -> bool {
        self.sources.iter().any(|(source, ..)| source.kind == kind)
    }

    /// Whether rows of a type say who has relations to it.
    pub(crate) fn relates(&self, of: TypeKey) -> bool {
        self.sources.iter().any(|(source, key, _)| source.kind == Kind::Relation && *key == of)
    }

    /// Reads the bindings, once for each state of the model.
    pub(crate) fn read(engine: &Engine, types: &Types) -> Result<Bound> {
        let Some(bindings) = read_bindings(engine)? else { return Ok(Bound { is_noted: true, ..Bound::default() }) };
        let mut columns: HashMap<String, HashMap<String, bool>> = HashMap::new();
        let mut is_noted = true;
        for table in bindings.tables() {
            columns.insert(table.to_owned(), loose_columns(engine, table)?);
            is_noted &= bindings.notes(table) && has_triggers(engine, table)?;
        }
        let is_loose = |table: &str, column: &str| {
            columns.get(table).and_then(|columns| columns.get(&column.to_ascii_lowercase())).copied().unwrap_or(true)
        };
        let mut bound = Bound { is_noted, ..Bound::default() };
        for one in bindings.types {
            let Some(key) = types.key(&one.slug) else { continue };
            let queries = TypeQueries::of(&one, &is_loose);
            for (parent, query) in one.parents.iter().zip(&queries.children) {
                if let Some(above) = types.key(&parent.resource_type) {
                    bound.children.entry(above).or_default().push((key, query.clone()));
                }
            }
            bound.types.insert(key, (one, queries));
        }
        for source in bindings.sources {
            let Some(key) = types.key(&source.resource_type) else { continue };
            let queries = SourceQueries::of(&source, &is_loose);
            bound.sources.push((source, key, queries));
        }
        Ok(bound)
    }
}

/// The bindings as they are written down; `None` where there are none.
pub(crate) fn read_bindings(engine: &Engine) -> Result<Option<Bindings>> {
    let document = read_document(engine)?;
    match document.is_empty() {
        true => Ok(None),
        false => Ok(Some(Bindings::of(&document)?)),
    }
}

/// The document of all bindings.
pub(crate) fn read_document(engine: &Engine) -> Result<serde_json::Map<String, serde_json::Value>> {
    let rows = engine.with(include_str!("../../sql/facts/bindings/bindings.sql"), |statement| {
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<rusqlite::Result<Vec<(String, i64, String)>>>()?)
    })?;
    let mut document = serde_json::Map::new();
    for (name, number, entry) in rows {
        let entry = serde_json::from_str(&entry).map_err(|error| Error::refused(format!("the binding of `{name}` is damaged: {error}")))?;
        match (number, document.get_mut(&name)) {
            (0, _) => drop(document.insert(name, entry)),
            (_, Some(serde_json::Value::Array(entries))) => entries.push(entry),
            _ => drop(document.insert(name, serde_json::Value::Array(vec![entry]))),
        }
    }
    Ok(document)
}

/// The columns of a table, in lower case, and whether each takes values as they are.
fn loose_columns(engine: &Engine, table: &str) -> Result<HashMap<String, bool>> {
    engine.with(include_str!("../../sql/facts/bindings/columns.sql"), |statement| {
        let rows = statement.query_map([table], |row| Ok((row.get::<_, String>(0)?.to_ascii_lowercase(), row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<HashMap<String, bool>>>()?)
    })
}

/// Whether all triggers stand on a table that note what changes there.
pub(crate) fn has_triggers(engine: &Engine, table: &str) -> Result<bool> {
    let found = engine.strings(include_str!("../../sql/facts/bindings/triggers.sql"), &[&table])?;
    Ok(names_on(table).iter().all(|name| found.contains(name)))
}

/// What is wrong with the bound tables: a sentence, and the table.
pub(crate) fn findings(engine: &Engine) -> Result<Vec<(&'static str, String)>> {
    let Some(bindings) = read_bindings(engine)? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    for table in bindings.tables() {
        let what = match (loose_columns(engine, table)?.is_empty(), bindings.notes(table) && !has_triggers(engine, table)?) {
            (true, _) => "a bound table is not there, so questions about it fail",
            (false, true) => {
                "a bound table has lost its triggers, so nothing is kept between questions, and grants on its rows outlive them"
            }
            (false, false) => continue,
        };
        findings.push((what, table.to_owned()));
    }
    Ok(findings)
}
