//! The triggers on an application's tables: they note what changed, and take along what was granted on a row that goes.
//!
//! A note after a row has changed comes too late for a trigger of the application that runs before it, and a note before it may lack the key,
//! which is yet to come. So before a row changes, a mark says that something is about to: while it is the last note, nothing is kept. After
//! it the notes name what changed.
//!
//! `REPLACE` deletes the rows that stand in its way without a word. Which these are is looked up before, by each unique key, and
//! whether they have gone is looked at after.

use super::condition::names;
use super::entries::{Bindings, BoundType, Kind, Source, Template, Word, literal, quoted};
use crate::base::identifier::BUILT_IN_SUBJECT_TYPES;

/// What the triggers of a table have to know of it.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) columns: Vec<String>,
    /// A column that is computed from others fires no `UPDATE OF`
    pub(crate) generated: Vec<String>,
    /// The columns of each unique key
    pub(crate) keys: Vec<Vec<String>>,
    /// The column that stands for the rowid
    pub(crate) rowid: Option<String>,
}

/// How the names of all of them begin.
pub(crate) const PREFIX: &str = "_authz_bound_";

/// The moments at which there is one for each table.
const MOMENTS: [&str; 6] = ["insert", "inserted", "update", "updated", "delete", "deleted"];

/// The names of the triggers on a table.
pub(crate) fn names_on(table: &str) -> Vec<String> {
    MOMENTS.iter().map(|moment| format!("{PREFIX}{table}_{moment}")).collect()
}

const MARK: &str = "  INSERT INTO _authz_row_changes (subject) VALUES (NULL);\n";

/// The triggers on a table, each as the statement that makes it.
pub(crate) fn on_table(bindings: &Bindings, table: &str, shape: &Shape) -> Vec<String> {
    let types: Vec<&BoundType> = bindings.types.iter().filter(|one| one.table == table).collect();
    let sources: Vec<&Source> = bindings.sources.iter().filter(|one| one.table == table && !is_covered(one, &types)).collect();
    let all: Vec<&Source> = bindings.sources.iter().filter(|one| one.table == table).collect();
    let columns = listened(&types, &all, shape);
    let changed: Vec<String> = columns.iter().map(|one| format!("NEW.{0} IS NOT OLD.{0}", quoted(one))).collect();
    let when = format!("\nWHEN {}", changed.join(" OR "));
    let has_rowid = types.iter().any(|one| shape.rowid.as_deref() == Some(one.id.as_str()));
    let update_of = match columns.iter().any(|column| shape.generated.contains(column)) {
        true => String::new(),
        false => {
            let mut listed: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
            if has_rowid {
                // The same column by its other names.
                listed.extend(["rowid", "oid", "_rowid_"].map(str::to_owned));
            }
            format!(" OF {}", listed.join(", "))
        }
    };
    let notes = |row: &str| -> String {
        types.iter().map(|one| note_of_type(one, row)).chain(sources.iter().map(|one| note_of_source(one, row))).collect()
    };
    let replaced: String = guards(&types, &sources, table, shape);
    let left: String = departed(&types, table, shape);
    let rekeyed: String = types.iter().map(|one| rekey(one)).collect();
    let gone: String = types.iter().map(|one| depart(one, &format!("OLD.{}", quoted(&one.id)), "")).collect();
    let updated = {
        let mut body = notes("NEW");
        body.push_str(&types.iter().map(|one| note_of_old_key(one)).collect::<String>());
        body.push_str(&sources.iter().map(|one| note_of_source(one, "OLD")).collect::<String>());
        body + &rekeyed + &left
    };
    let bodies = [
        ("BEFORE INSERT", "insert", String::new(), format!("{replaced}{MARK}")),
        ("AFTER INSERT", "inserted", String::new(), notes("NEW") + &left),
        ("BEFORE UPDATE", "update", when.clone(), format!("{replaced}{MARK}")),
        ("AFTER UPDATE", "updated", when, updated),
        ("BEFORE DELETE", "delete", String::new(), MARK.to_owned()),
        ("AFTER DELETE", "deleted", String::new(), notes("OLD") + &gone),
    ];
    bodies
        .into_iter()
        .map(|(moment, name, when, body)| {
            let of = if moment.ends_with("UPDATE") { update_of.as_str() } else { "" };
            format!(
                "CREATE TRIGGER main.{} {moment}{of} ON {}{when}\nBEGIN\n{body}END",
                quoted(&format!("{PREFIX}{table}_{name}")),
                quoted(table)
            )
        })
        .collect()
}

/// Whether the note of the row as a resource says all: a relation of the row itself.
fn is_covered(source: &Source, types: &[&BoundType]) -> bool {
    let is_own = |one: &&BoundType| one.slug == source.resource_type && source.resource.column.as_deref() == Some(one.id.as_str());
    source.kind == Kind::Relation && source.resource.before.is_empty() && types.iter().any(is_own)
}

/// The columns on which an answer depends.
fn listened(types: &[&BoundType], sources: &[&Source], shape: &Shape) -> Vec<String> {
    let mut named: Vec<&str> = Vec::new();
    let mut conditions: Vec<&str> = Vec::new();
    for one in types {
        named.push(&one.id);
        for parent in &one.parents {
            named.push(&parent.column);
            named.extend(parent.when.iter().map(|(column, _)| column.as_str()));
        }
        conditions.extend(one.condition.as_deref());
    }
    for source in sources {
        named.extend(source.subject.column.as_deref());
        named.extend(source.resource.column.as_deref());
        named.extend(source.expires.as_deref());
        if let Word::Column { column, .. } = &source.word {
            named.push(column);
        }
        conditions.extend(source.conditions.iter().map(String::as_str));
    }
    // `UPDATE OR REPLACE` of a unique key deletes the row that has it.
    named.extend(shape.keys.iter().flatten().map(String::as_str));
    let is_named = |column: &String| {
        named.iter().any(|one| one.eq_ignore_ascii_case(column)) || conditions.iter().any(|condition| names(condition, column))
    };
    shape.columns.iter().filter(|column| is_named(column)).cloned().collect()
}

fn is_subject_type(slug: &str) -> bool {
    BUILT_IN_SUBJECT_TYPES.contains(&slug)
}

/// A row of a type has come, changed or gone.
fn note_of_type(bound: &BoundType, row: &str) -> String {
    let id = format!("{row}.{}", quoted(&bound.id));
    match is_subject_type(&bound.slug) {
        true => format!("  INSERT INTO _authz_row_changes (subject) VALUES ({} || {id});\n", literal(&format!("{}:", bound.slug))),
        false => format!("  INSERT INTO _authz_row_changes (resource_type, resource_id) VALUES ({}, {id});\n", literal(&bound.slug)),
    }
}

fn note_of_old_key(bound: &BoundType) -> String {
    let id = quoted(&bound.id);
    let (columns, values) = match is_subject_type(&bound.slug) {
        true => ("subject", format!("{} || OLD.{id}", literal(&format!("{}:", bound.slug)))),
        false => ("resource_type, resource_id", format!("{}, OLD.{id}", literal(&bound.slug))),
    };
    format!("  INSERT INTO _authz_row_changes ({columns}) SELECT {values} WHERE NEW.{id} IS NOT OLD.{id};\n")
}

fn filled(template: &Template, row: &str) -> String {
    let Some(column) = &template.column else { return literal(&format!("{}{}", template.before, template.after)) };
    let value = format!("{row}.{}", quoted(column));
    let before = if template.before.is_empty() { String::new() } else { format!("{} || ", literal(&template.before)) };
    let after = if template.after.is_empty() { String::new() } else { format!(" || {}", literal(&template.after)) };
    format!("{before}{value}{after}")
}

/// Subject, relation, type and id of what a row of a source says.
fn facts_of(source: &Source, row: &str) -> String {
    let relation = match (source.kind, &source.word) {
        (Kind::Role, _) => "NULL".to_owned(),
        (_, Word::Fixed(word)) => literal(word),
        (_, Word::Column { column, values }) if values.is_empty() => format!("{row}.{}", quoted(column)),
        (_, Word::Column { column, values }) => {
            let arms: Vec<String> = values.iter().map(|(value, word)| format!("WHEN {} THEN {}", literal(value), literal(word))).collect();
            format!("CASE {row}.{} {} END", quoted(column), arms.join(" "))
        }
    };
    format!("{}, {relation}, {}, {}", filled(&source.subject, row), literal(&source.resource_type), filled(&source.resource, row))
}

fn note_of_source(source: &Source, row: &str) -> String {
    format!("  INSERT INTO _authz_row_changes (subject, relation, resource_type, resource_id) VALUES ({});\n", facts_of(source, row))
}

/// Before a row comes: what stands in its way, by each unique key.
fn guards(types: &[&BoundType], sources: &[&Source], table: &str, shape: &Shape) -> String {
    let mut guards = String::new();
    for key in &shape.keys {
        let same: Vec<String> = key.iter().map(|column| format!("{0} = NEW.{0}", quoted(column))).collect();
        let same = same.join(" AND ");
        for one in types.iter().filter(|one| key.as_slice() != [one.id.clone()]) {
            guards.push_str(&format!(
                "  INSERT INTO _authz_leaving SELECT {}, {id} FROM {} WHERE {same} AND {id} IS NOT NEW.{id};\n",
                literal(&one.slug),
                quoted(table),
                id = quoted(&one.id)
            ));
        }
        for source in sources {
            guards.push_str(&format!(
                "  INSERT INTO _authz_row_changes (subject, relation, resource_type, resource_id) SELECT {} FROM {table} WHERE {same};\n",
                facts_of(source, &quoted(&source.table)),
                table = quoted(table)
            ));
        }
    }
    guards
}

/// After a row has come: what stood in its way and is gone.
fn departed(types: &[&BoundType], table: &str, shape: &Shape) -> String {
    let mut all = String::new();
    for one in types.iter().filter(|one| shape.keys.iter().any(|key| key.as_slice() != [one.id.clone()])) {
        let slug = literal(&one.slug);
        let gone = format!(
            "SELECT resource_id FROM _authz_leaving AS l WHERE resource_type = {slug} AND NOT EXISTS (SELECT 1 FROM {} WHERE {} = l.resource_id)",
            quoted(table),
            quoted(&one.id)
        );
        all.push_str(&match is_subject_type(&one.slug) {
            true => {
                format!(
                    "  INSERT INTO _authz_row_changes (subject) SELECT {} || resource_id FROM ({gone});\n",
                    literal(&format!("{}:", one.slug))
                )
            }
            false => format!("  INSERT INTO _authz_row_changes (resource_type, resource_id) SELECT {slug}, resource_id FROM ({gone});\n"),
        });
        all.push_str(&depart(one, "resource_id", &gone));
        all.push_str(&format!("  DELETE FROM _authz_leaving WHERE resource_type = {slug};\n"));
    }
    all
}

/// What was granted on a row that is gone, or to it, goes too: the next row with its id inherits nothing. `from` gives the ids where it is
/// more than one.
fn depart(bound: &BoundType, id: &str, from: &str) -> String {
    let slug = literal(&bound.slug);
    let ids = if from.is_empty() { format!("({id}, CAST({id} AS TEXT))") } else { format!("({from})") };
    let mut all = String::new();
    if !is_subject_type(&bound.slug) {
        for table in ["authz_role_assignments", "authz_relationships"] {
            all.push_str(&format!("  DELETE FROM {table} WHERE resource_type = {slug} AND resource_id IN {ids};\n"));
        }
    }
    let subject = format!("{} || {id}", literal(&format!("{}:", bound.slug)));
    let from = if from.is_empty() { String::new() } else { format!(" FROM ({from})") };
    all.push_str(&format!("  INSERT INTO _authz_departures SELECT {subject}{from};\n"));
    all
}

/// A row whose id has changed takes along what was granted on it and to it.
fn rekey(bound: &BoundType) -> String {
    let (id, slug) = (quoted(&bound.id), literal(&bound.slug));
    let is_rekeyed = format!("NEW.{id} IS NOT OLD.{id}");
    let mut all = String::new();
    if !is_subject_type(&bound.slug) {
        all.push_str(&format!(
            "  INSERT INTO authz_role_assignments (subject, role, organization, resource_type, resource_id, expires_at, source, created_at)
    SELECT subject, role, organization, resource_type, NEW.{id}, expires_at, source, created_at FROM authz_role_assignments
    WHERE resource_type = {slug} AND resource_id IN (OLD.{id}, CAST(OLD.{id} AS TEXT)) AND {is_rekeyed};
  INSERT INTO authz_relationships (subject, relation, resource_type, resource_id, expires_at, created_at)
    SELECT subject, relation, resource_type, NEW.{id}, expires_at, created_at FROM authz_relationships
    WHERE resource_type = {slug} AND resource_id IN (OLD.{id}, CAST(OLD.{id} AS TEXT)) AND {is_rekeyed};
  DELETE FROM authz_role_assignments WHERE resource_type = {slug} AND resource_id IN (OLD.{id}, CAST(OLD.{id} AS TEXT)) AND {is_rekeyed};
  DELETE FROM authz_relationships WHERE resource_type = {slug} AND resource_id IN (OLD.{id}, CAST(OLD.{id} AS TEXT)) AND {is_rekeyed};\n"
        ));
    }
    let (old, new) =
        (format!("{} || OLD.{id}", literal(&format!("{}:", bound.slug))), format!("{} || NEW.{id}", literal(&format!("{}:", bound.slug))));
    all.push_str(&format!(
        "  INSERT INTO authz_role_assignments (subject, role, organization, resource_type, resource_id, expires_at, source, created_at)
    SELECT {new}, role, organization, resource_type, resource_id, expires_at, source, created_at FROM authz_role_assignments
    WHERE subject = {old} AND {is_rekeyed};
  INSERT INTO authz_group_members (group_id, subject) SELECT group_id, {new} FROM authz_group_members WHERE subject = {old} AND {is_rekeyed};
  INSERT INTO authz_relationships (subject, relation, resource_type, resource_id, expires_at, created_at)
    SELECT {new} || substr(subject, length({old}) + 1), relation, resource_type, resource_id, expires_at, created_at FROM authz_relationships
    WHERE (subject = {old} OR subject >= {old} || '#' AND subject < {old} || '$') AND {is_rekeyed};
  INSERT INTO _authz_departures SELECT {old} WHERE {is_rekeyed};\n"
    ));
    all
}
