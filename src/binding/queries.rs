//! The statements that read an application's tables.
//!
//! Each compares columns with parameters, so that SQLite finds the rows by an index where there is one. A column may hold something else
//! than it was asked for and still be equal to it, as `'07'` is to 7 in an INTEGER column: so the value is read too, and whoever asks
//! compares it.

use std::rc::Rc;

use super::entries::{BoundType, Kind, Source, Template, Word, literal, quoted};

/// A statement with a parameter for each key that is looked for. Where a column takes values as they are, an integer and its text are two
/// keys, and `loose` says that both are bound.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) sql: Rc<str>,
    pub(crate) table: Rc<str>,
    pub(crate) loose: Vec<bool>,
}

/// How a column takes what it is compared with: `true` where it has no affinity.
pub(crate) type IsLoose<'a> = &'a dyn Fn(&str, &str) -> bool;

/// A column of the table. Without its table a name that is not there would be a text.
fn column(name: &str) -> String {
    format!("t.{}", quoted(name))
}

/// Puts a statement together: what is read, from where, and by which columns it is looked for.
fn query(read: &str, table: &str, keys: &[&str], conditions: &[String], is_loose: IsLoose<'_>) -> Query {
    let mut clauses = Vec::new();
    let mut loose = Vec::new();
    for key in keys {
        let both = is_loose(table, key);
        clauses.push(format!("{} {}", column(key), if both { "IN (?, ?)" } else { "= ?" }));
        loose.push(both);
    }
    clauses.extend(conditions.iter().map(|condition| format!("({condition})")));
    let filter = if clauses.is_empty() { String::new() } else { format!(" WHERE {}", clauses.join(" AND ")) };
    Query { sql: format!("SELECT {read} FROM main.{} AS t{filter}", quoted(table)).into(), table: table.into(), loose }
}

/// The statements about a type.
#[derive(Debug)]
pub(crate) struct TypeQueries {
    /// By id → id, which of the parents applies, the id of that parent
    pub(crate) place: Query,
    /// By id → id and name
    pub(crate) name: Option<Query>,
    /// For each parent, by its id → id, id of the parent
    pub(crate) children: Vec<Query>,
}

impl TypeQueries {
    pub(crate) fn of(bound: &BoundType, is_loose: IsLoose<'_>) -> TypeQueries {
        let (id, table) = (bound.id.as_str(), bound.table.as_str());
        let conditions: Vec<String> = bound.condition.iter().cloned().collect();
        let applies: Vec<String> = bound.parents.iter().map(|parent| applies(&parent.column, parent.when.as_ref())).collect();
        let (which, above) = match (bound.parents.as_slice(), applies.as_slice()) {
            ([], _) => ("NULL".to_owned(), "NULL".to_owned()),
            ([one], [applies]) if one.when.is_none() => (format!("CASE WHEN {applies} THEN 0 END"), column(&one.column)),
            (parents, applies) => {
                let arms = |then: &dyn Fn(usize) -> String| {
                    let arms: Vec<String> =
                        applies.iter().enumerate().map(|(index, when)| format!("WHEN {when} THEN {}", then(index))).collect();
                    format!("CASE {} END", arms.join(" "))
                };
                let column = |index: usize| parents.get(index).map(|one| column(&one.column)).unwrap_or_default();
                (arms(&|index| index.to_string()), arms(&column))
            }
        };
        let children = bound.parents.iter().enumerate().map(|(index, parent)| {
            let mut conditions = conditions.clone();
            conditions.extend(parent.when.as_ref().map(|(says, value)| format!("{} = {}", column(says), literal(value))));
            conditions.extend(applies.iter().take(index).map(|earlier| format!("NOT ifnull({earlier}, 0)")));
            query(&format!("{}, {}", column(id), column(&parent.column)), table, &[parent.column.as_str()], &conditions, is_loose)
        });
        TypeQueries {
            place: query(&format!("{}, {which}, {above}", column(id)), table, &[id], &conditions, is_loose),
            name: bound.name.as_ref().map(|name| query(&format!("{}, {}", column(id), column(name)), table, &[id], &conditions, is_loose)),
            children: children.collect(),
        }
    }
}

/// When a parent is the one that a row has.
fn applies(name: &str, when: Option<&(String, String)>) -> String {
    let is_given = format!("{} IS NOT NULL", column(name));
    when.map_or(is_given.clone(), |(says, value)| format!("{is_given} AND {} = {}", column(says), literal(value)))
}

/// The statements about a source. Each reads the value of the subject, what the column of the role or relation says, when it expires, and
/// the value of the resource.
#[derive(Debug)]
pub(crate) struct SourceQueries {
    /// By resource
    pub(crate) on: Query,
    /// By subject
    pub(crate) of: Query,
    /// By resource and subject
    pub(crate) of_on: Query,
}

impl SourceQueries {
    pub(crate) fn of(source: &Source, is_loose: IsLoose<'_>) -> SourceQueries {
        let value = |template: &Template| template.column.as_deref().map_or_else(|| "NULL".to_owned(), column);
        let said = match &source.word {
            Word::Fixed(_) => "NULL".to_owned(),
            Word::Column { column: says, .. } => column(says),
        };
        let expires = source.expires.as_deref().map_or_else(|| "NULL".to_owned(), column);
        let read = format!("{}, {said}, {expires}, {}", value(&source.subject), value(&source.resource));
        let (subject, resource) = (source.subject.column.as_deref(), source.resource.column.as_deref());
        let by = |keys: &[Option<&str>]| {
            let keys: Vec<&str> = keys.iter().filter_map(|key| *key).collect();
            query(&read, &source.table, &keys, &source.conditions, is_loose)
        };
        SourceQueries { on: by(&[resource]), of: by(&[subject]), of_on: by(&[resource, subject]) }
    }
}

/// What a source brings, as a sentence names it.
pub(crate) fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "assignments",
        Kind::Relation => "relationships",
        Kind::Member => "members",
    }
}
