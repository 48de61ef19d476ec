//! `authz_bind`, `authz_unbind`, `authz_bindings`: which tables of the application hold which facts.
//!
//! A binding changes the schema, for triggers on the application's tables note what changes there. So it has no form as INSERT.

use std::rc::Rc;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;
use crate::base::refusal::{nearest, shown};
use crate::binding::document::SECTIONS;
use crate::binding::entries::{Bindings, BoundType, Kind, Source, Word, quoted};
use crate::binding::queries::TypeQueries;
use crate::binding::triggers::{Shape, on_table};
use crate::facts::bindings::read_document;
use crate::facts::catalog::{check_subject_type, check_type};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result, words_of_sqlite};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::transaction::alter;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_bind", 0..=1, Effect::Migrates, bind)?;
    define(connection, engine, "authz_unbind", 1..=1, Effect::Migrates, unbind)?;
    define(connection, engine, "authz_bindings", 0..=0, Effect::Reads, |engine, _| Ok(Value::Object(read_document(engine)?).to_string()))
}

/// `authz_bind([document])` → JSON of what is bound now: `{"types": […], "tables": […]}`.
///
/// The types of the document take the place of those that were bound by these names, and its entries for a table that of the entries for that
/// table before. Without a document the triggers on the bound tables are made anew, as after a tool has rebuilt a table.
///
/// Refuses what is not there, or cannot be read as the document says.
fn bind(engine: &Engine, call: &Arguments<'_>) -> Result<String> {
    let given = match call.count() {
        0 => Map::new(),
        _ => {
            let text = call.required_text(0, "bindings")?;
            Bindings::parse(text)?;
            serde_json::from_str(text).map_err(|error| Error::refused(format!("the bindings are not valid JSON: {error}")))?
        }
    };
    alter(engine.connection(), || {
        let mut document = read_document(engine)?;
        for (name, entry) in given {
            match (SECTIONS.contains(&name.as_str()), document.get_mut(&name), entry) {
                (true, Some(Value::Array(before)), Value::Array(now)) => {
                    before.retain(|entry| !now.iter().any(|other| other.get("table") == entry.get("table")));
                    before.extend(now);
                }
                (_, _, entry) => drop(document.insert(name, entry)),
            }
        }
        write(engine, &document)
    })
}

/// `authz_unbind(type or table)` → how many entries were taken back; 0 where nothing was bound by that name.
///
/// The rows stay, and what was granted on them; nobody holds it any more where the resource is not registered.
fn unbind(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    let name = call.required_text(0, "type or table")?;
    alter(engine.connection(), || {
        let mut document = read_document(engine)?;
        let mut gone = 0;
        let is_of = |entry: &Value| entry.get("table").and_then(Value::as_str) == Some(name);
        document.retain(|slug, entry| {
            let goes = match entry {
                Value::Array(_) => false,
                entry => slug == name || is_of(entry),
            };
            gone += i64::from(goes);
            !goes
        });
        for section in SECTIONS {
            if let Some(Value::Array(entries)) = document.get_mut(section) {
                let before = entries.len();
                entries.retain(|entry| !is_of(entry));
                gone += i64::try_from(before - entries.len()).unwrap_or_default();
                if entries.is_empty() {
                    document.remove(section);
                }
            }
        }
        if gone > 0 {
            write(engine, &document)?;
        }
        Ok(gone)
    })
}

/// Writes all bindings down, and makes the triggers.
fn write(engine: &Engine, document: &Map<String, Value>) -> Result<String> {
    engine.check_writing()?;
    let connection = engine.connection();
    let bindings = Bindings::of(document)?;
    for one in &bindings.types {
        check_bound_type(engine, one)?;
    }
    for source in &bindings.sources {
        check_source(engine, source)?;
    }
    engine.with(include_str!("../../sql/manage/bindings/clear.sql"), |statement| Ok(statement.execute([])?))?;
    for (name, entry) in document {
        let entries = match entry {
            Value::Array(entries) => (1..).zip(entries.iter()).collect(),
            entry => vec![(0, entry)],
        };
        for (number, entry) in entries {
            engine.with(include_str!("../../sql/manage/bindings/insert.sql"), |statement| {
                Ok(statement.execute(params![name, number, entry.to_string()])?)
            })?;
        }
    }
    engine.with(include_str!("../../sql/manage/bindings/note.sql"), |statement| Ok(statement.execute([])?))?;
    for name in engine.strings(include_str!("../../sql/manage/bindings/triggers.sql"), &[])? {
        connection.execute_batch(&format!("DROP TRIGGER main.{}", quoted(&name)))?;
    }
    for table in bindings.tables() {
        if bindings.notes(table) && object(engine, table, table)? == Object::Table {
            for trigger in on_table(&bindings, table, &shape(engine, table)?) {
                connection.execute_batch(&trigger)?;
            }
        }
    }
    let mut types: Vec<&str> = bindings.types.iter().map(|one| one.slug.as_str()).collect();
    types.sort_unstable();
    Ok(json!({"types": types, "tables": bindings.tables()}).to_string())
}

/// What a name stands for in the main database.
#[derive(PartialEq, Eq)]
enum Object {
    Table,
    View,
}

fn object(engine: &Engine, place: &str, table: &str) -> Result<Object> {
    let refused = |why: String| Err(Error::refused(format!("{place}: {why}")));
    let lower = table.to_ascii_lowercase();
    if lower.starts_with("authz_") || lower.starts_with("_authz_") || lower.starts_with("sqlite_") {
        return refused(format!("`{}` is a table of this library or of SQLite; bind a table of the application", shown(table)));
    }
    let found = engine.with(include_str!("../../sql/manage/bindings/object.sql"), |statement| {
        let mut rows = statement.query([table])?;
        Ok(match rows.next()? {
            Some(row) => Some((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
            None => None,
        })
    })?;
    match found {
        Some((kind, sql)) if kind == "view" => match sql.to_ascii_lowercase().contains("authz_") {
            true => refused(format!("the view `{}` asks this library, which would ask the view again", shown(table))),
            false => Ok(Object::View),
        },
        Some((_, sql)) if sql.to_ascii_uppercase().starts_with("CREATE VIRTUAL") => {
            refused(format!("`{}` is a virtual table, and nobody tells when its rows change; bind a table", shown(table)))
        }
        Some(_) => Ok(Object::Table),
        None => {
            for schema in engine.strings(include_str!("../../sql/manage/bindings/elsewhere.sql"), &[])? {
                let sql = format!("SELECT 1 FROM {}.sqlite_schema WHERE name = ?1 COLLATE NOCASE", quoted(&schema));
                if engine.connection().prepare(&sql)?.exists([table])? {
                    return refused(format!(
                        "the table `{}` lies in `{}`, and only tables of the main database can be bound",
                        shown(table),
                        shown(&schema)
                    ));
                }
            }
            refused(format!("there is no table `{}`", shown(table)))
        }
    }
}

/// What the triggers of a table have to know of it.
fn shape(engine: &Engine, table: &str) -> Result<Shape> {
    let mut shape = Shape::default();
    let mut primary = Vec::new();
    engine.with(include_str!("../../sql/manage/bindings/columns.sql"), |statement| {
        let mut rows = statement.query([table])?;
        while let Some(row) = rows.next()? {
            let (name, generated, key) = (row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, i64>(2)?);
            if key > 0 {
                primary.push((name.clone(), row.get::<_, String>(3)?));
            }
            if generated {
                shape.generated.push(name.clone());
            }
            shape.columns.push(name);
        }
        Ok(())
    })?;
    let mut keys: Vec<(i64, Vec<Option<String>>)> = Vec::new();
    engine.with(include_str!("../../sql/manage/bindings/keys.sql"), |statement| {
        let mut rows = statement.query([table])?;
        while let Some(row) = rows.next()? {
            let (number, column) = (row.get(0)?, row.get(1)?);
            match keys.last_mut() {
                Some((last, columns)) if *last == number => columns.push(column),
                _ => keys.push((number, vec![column])),
            }
        }
        Ok(())
    })?;
    // By an expression no row is looked up: such a key is passed over.
    shape.keys = keys.into_iter().filter_map(|(_, columns)| columns.into_iter().collect()).collect();
    if let [(name, declared)] = primary.as_slice()
        && declared == "INTEGER"
        && !shape.keys.iter().any(|key| key.as_slice() == [name.clone()])
    {
        shape.rowid = Some(name.clone());
        shape.keys.push(vec![name.clone()]);
    }
    Ok(shape)
}

fn check_column(shape: &Shape, place: &str, table: &str, column: &str) -> Result<()> {
    match shape.columns.iter().any(|one| one.eq_ignore_ascii_case(column)) {
        true => Ok(()),
        false => {
            let near = nearest(column, shape.columns.iter().map(String::as_str));
            Err(Error::refused(format!("{place}: the table `{}` has no column `{}`{near}", shown(table), shown(column))))
        }
    }
}

/// Refuses a condition that would not be accepted for a partial index.
fn check_condition(engine: &Engine, place: &str, table: &str, is_view: bool, shape: &Shape, condition: &str) -> Result<()> {
    let column = shape.columns.iter().find(|column| !shape.generated.contains(column)).map(|column| quoted(column)).unwrap_or_default();
    let sql = match is_view {
        true => format!("SELECT 1 FROM main.{} WHERE ({condition}\n)", quoted(table)),
        false => format!("EXPLAIN CREATE INDEX main._authz_bound_probe ON {} ({column}) WHERE ({condition}\n)", quoted(table)),
    };
    match engine.connection().prepare(&sql) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::refused(format!(
            "{place}.where: `{}` is no condition about one row that holds at any time ({}); it may compare columns and values of the row",
            shown(condition),
            words_of_sqlite(&error)
        ))),
    }
}

fn check_bound_type(engine: &Engine, one: &BoundType) -> Result<()> {
    let place = one.slug.as_str();
    if place == "group" {
        return Err(Error::refused("group: the members of groups are bound under `groups`, and a group needs no row of its own"));
    }
    if !BUILT_IN_SUBJECT_TYPES.contains(&place) {
        check_type(engine, place)?;
    }
    let is_view = object(engine, place, &one.table)? == Object::View;
    let shape = shape(engine, &one.table)?;
    for column in [Some(&one.id), one.name.as_ref()].into_iter().flatten() {
        check_column(&shape, place, &one.table, column)?;
    }
    if let Some(condition) = &one.condition {
        check_condition(engine, place, &one.table, is_view, &shape, condition)?;
    }
    let is_key = shape.keys.iter().any(|key| matches!(key.as_slice(), [column] if column.eq_ignore_ascii_case(&one.id)));
    if !is_view && !is_key {
        return Err(Error::refused(format!(
            "{place}: the column `{}` cannot be an id, for two rows of `{}` may have the same; name one that is a PRIMARY KEY or UNIQUE by itself",
            shown(&one.id),
            shown(&one.table)
        )));
    }
    let held = format!("SELECT typeof({0}) FROM main.{1} WHERE {0} IS NOT NULL LIMIT 1", quoted(&one.id), quoted(&one.table));
    let kind: Option<String> = engine.connection().prepare(&held)?.query_map([], |row| row.get(0))?.next().transpose()?;
    if let Some(kind @ ("blob" | "real")) = kind.as_deref() {
        return Err(Error::refused(format!(
            "{place}: the column `{}` holds {}; an id is INTEGER or TEXT",
            shown(&one.id),
            kind.to_ascii_uppercase()
        )));
    }
    for parent in &one.parents {
        check_column(&shape, &format!("{place}.parent"), &one.table, &parent.column)?;
        if let Some((column, _)) = &parent.when {
            check_column(&shape, &format!("{place}.parent"), &one.table, column)?;
        }
        let allowed = engine.with(include_str!("../../sql/manage/bindings/parent_allowed.sql"), |statement| {
            Ok(statement.exists([place, parent.resource_type.as_str()])?)
        })?;
        if !allowed {
            check_type(engine, &parent.resource_type)?;
            return Err(Error::refused(format!(
                "{place}.parent: a `{place}` cannot lie in a `{}`; add it to the parents of the type in the model first",
                parent.resource_type
            )));
        }
    }
    if is_view {
        check_view(engine, one)?;
    }
    Ok(())
}

/// A view in which a row is found by reading all of it would be read whole at every question.
fn check_view(engine: &Engine, one: &BoundType) -> Result<()> {
    let queries = TypeQueries::of(one, &|_, _| false);
    let mut plan = engine.connection().prepare(&format!("EXPLAIN QUERY PLAN {}", queries.place.sql))?;
    let details: Vec<String> = plan.query_map([rusqlite::types::Null], |row| row.get(3))?.collect::<rusqlite::Result<_>>()?;
    match details.iter().any(|detail| detail.starts_with("SCAN") && !detail.starts_with("SCAN CONSTANT")) {
        true => Err(Error::refused(format!(
            "{}: the view `{}` cannot be searched by `{}` without reading all of it; make the column one of a table, with an index",
            one.slug,
            shown(&one.table),
            shown(&one.id)
        ))),
        false => Ok(()),
    }
}

fn check_source(engine: &Engine, source: &Source) -> Result<()> {
    let place = format!("{} of `{}`", crate::binding::queries::noun(source.kind), shown(&source.table));
    let is_view = object(engine, &place, &source.table)? == Object::View;
    let shape = shape(engine, &source.table)?;
    let said = match &source.word {
        Word::Column { column, .. } => Some(column),
        Word::Fixed(_) => None,
    };
    for column in [source.subject.column.as_ref(), source.resource.column.as_ref(), source.expires.as_ref(), said].into_iter().flatten() {
        check_column(&shape, &place, &source.table, column)?;
    }
    for condition in &source.conditions {
        check_condition(engine, &place, &source.table, is_view, &shape, condition)?;
    }
    check_subject_type(engine, source.subject.subject_type())?;
    if source.kind == Kind::Member {
        return Ok(());
    }
    if !BUILT_IN_SUBJECT_TYPES.contains(&source.resource_type.as_str()) {
        check_type(engine, &source.resource_type)?;
    }
    let words: Vec<&str> = match &source.word {
        Word::Fixed(word) => vec![word],
        Word::Column { values, .. } => values.iter().map(|(_, word)| word.as_str()).collect(),
    };
    for word in words {
        let (sql, what) = match source.kind {
            Kind::Role => (include_str!("../../sql/manage/bindings/role_exists.sql"), "role"),
            _ => (include_str!("../../sql/manage/bindings/relation_exists.sql"), "relation"),
        };
        let parameters = if source.kind == Kind::Role { [word, &source.resource_type] } else { [source.resource_type.as_str(), word] };
        if !engine.with(sql, |statement| Ok(statement.exists(parameters)?))? {
            return Err(Error::refused(format!(
                "{place}: there is no {what} `{}` of `{}`; add it to the model first",
                shown(word),
                source.resource_type
            )));
        }
    }
    Ok(())
}
