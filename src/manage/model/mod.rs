//! `authz_apply` and `authz_plan`: making the model what a document says, or saying what that would take; and back: `authz_model`,
//! `authz_orphans`.
//!
//! The decision is [`crate::model`]'s; here the model in force is read from the tables, and the changes are written to them. The triggers
//! of the schema check each write once more, and are not expected to find anything.

mod reading;
mod writing;

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Map, json};

use self::reading::{Stored, read};
use self::writing::{clear_by_force, look_for_obstacles, run, write};
use crate::base::refusal::shown;
use crate::model::difference::diff;
use crate::model::document::Document;
use crate::model::in_force::InForce;
use crate::model::plan::{Action, Change, Plan};
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect};
use crate::sqlite::table::{Call, Made, Rows, TableFunction};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    crate::sqlite::scalar::define(connection, engine, "authz_apply", 1..=2, Effect::Writes, apply)?;
    crate::sqlite::scalar::define(connection, engine, "authz_model", 0..=1, Effect::Reads, model)?;
    crate::sqlite::table::define(connection, engine, &PLAN, plan)?;
    crate::sqlite::table::define(connection, engine, &ORPHANS, orphans)
}

/// `authz_plan(model [, 'force'])`: what `authz_apply` with the same arguments would do, a row a change. Its refusals are errors here too.
static PLAN: TableFunction = TableFunction {
    name: "authz_plan",
    columns: &["action", "kind", "name", "detail"],
    arguments: &["model", "force"],
    required: 1,
    bounded: None,
    expected_rows: 100,
};

/// `authz_orphans()`: the relationships that the model does not allow, as `authz_relationships` has them. They grant nothing.
static ORPHANS: TableFunction = TableFunction {
    name: "authz_orphans",
    columns: &["subject", "relation", "resource_type", "resource_id", "expires_at", "created_at"],
    arguments: &[],
    required: 0,
    bounded: Some(0),
    expected_rows: 10,
};

/// Whether the argument that follows the document says `'force'`.
fn forced(argument: Option<&str>) -> Result<bool> {
    match argument {
        None => Ok(false),
        Some("force") => Ok(true),
        Some(other) => Err(Error::refused(format!("the second argument `{}` is not known; it is 'force' or left out", shown(other)))),
    }
}

/// `authz_apply(model [, 'force'])` → JSON of what it created, changed and removed.
///
/// The document is JSON, or a model in the modelling language, which leaves roles, permissions and parents as they are. Refuses what
/// would orphan resources, assignments or relationships. By `'force'` relationships that the model no longer allows stay and grant
/// nothing; the assignments of roles that go are deleted, and of types that go, the resources and all that these held.
fn apply(engine: &Engine, arguments: &Arguments<'_>) -> Result<String> {
    let text = arguments.required_text(0, "model document")?;
    let force = forced(arguments.text(1, "second argument")?)?;
    let document = Document::parse(text)?;
    engine.atomically(|| {
        let (model, organizations) = read(engine)?;
        let document = document.completed(&model);
        let plan = diff(&document, &model, force)?;
        look_for_obstacles(engine, &plan)?;
        match plan.changes.is_empty() {
            true => report(engine, text, &plan),
            false => as_one_call(engine, || carry_out(engine, text, &plan, &model, &organizations)),
        }
    })
}

/// `authz_model([notation])` → the model in force as text that applies with no change: as JSON, or with `'fga'` what of it the modelling
/// language can say. What was made otherwise than by a document is in neither.
fn model(engine: &Engine, arguments: &Arguments<'_>) -> Result<String> {
    let notation = arguments.text(0, "notation")?;
    let in_force = engine.in_one_state(|| Ok(Document::in_force(&read(engine)?.0)))?;
    match notation {
        None | Some("json") => Ok(in_force.to_json().to_string()),
        Some("fga") => Ok(in_force.to_language()),
        Some(other) => Err(Error::refused(format!("unknown notation `{}`; it is 'json' or 'fga'", shown(other)))),
    }
}

fn orphans(engine: &Rc<Engine>, _call: Call) -> Result<Box<dyn Rows>> {
    engine.with(include_str!("../../../sql/manage/model/orphans.sql"), |statement| {
        let rows = statement.query_map([], |row| (0..6).map(|column| row.get(column)).collect())?;
        Ok(Made::rows(rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()?))
    })
}

fn carry_out(engine: &Engine, text: &str, plan: &Plan<'_>, model: &InForce, organizations: &[Stored]) -> Result<String> {
    clear_by_force(engine, plan)?;
    for slug in &plan.released {
        run(engine, include_str!("../../../sql/manage/model/relate_permission.sql"), (slug, None::<&str>))?;
    }
    for change in &plan.changes {
        write(engine, change)?;
    }
    for &(role, permission, declared) in &plan.restored {
        run(engine, include_str!("../../../sql/manage/model/create_role_permission.sql"), (role, None::<&str>, permission, declared))?;
    }
    for &index in &plan.restored_organization {
        let (Some(held), Some((organization, declared))) = (model.organization_role_permissions.get(index), organizations.get(index))
        else {
            continue;
        };
        run(
            engine,
            include_str!("../../../sql/manage/model/create_role_permission.sql"),
            (&held.role, organization, &held.permission, declared),
        )?;
    }
    report(engine, text, plan)
}

fn report(engine: &Engine, text: &str, plan: &Plan<'_>) -> Result<String> {
    let list = |action: Action| {
        let changes = plan.changes.iter().filter(|change| change.action == action);
        changes.map(entry).collect::<Vec<_>>()
    };
    let (created, changed, removed) = (list(Action::Create), list(Action::Change), list(Action::Remove));
    let version: Option<i64> = match plan.changes.is_empty() {
        true => None,
        false => {
            let summary = json!({"created": created.len(), "changed": changed.len(), "removed": removed.len()}).to_string();
            Some(engine.with(include_str!("../../../sql/manage/model/record.sql"), |statement| {
                Ok(statement.query_row((text, summary), |row| row.get(0))?)
            })?)
        }
    };
    Ok(json!({"version": version, "created": created, "changed": changed, "removed": removed}).to_string())
}

fn entry(change: &Change<'_>) -> serde_json::Value {
    let mut entry = Map::new();
    entry.insert("kind".to_owned(), change.item.kind().into());
    entry.insert("name".to_owned(), change.item.name().into());
    if let Some(detail) = &change.detail {
        entry.insert("detail".to_owned(), detail.as_str().into());
    }
    entry.into()
}

fn plan(engine: &Rc<Engine>, call: Call) -> Result<Box<dyn Rows>> {
    let text = call.text(0, "model document")?.ok_or_else(|| Error::refused("the model document is NULL; give one"))?;
    let force = forced(call.text(1, "second argument")?)?;
    let document = Document::parse(text)?;
    engine.in_one_state(|| {
        let (model, _) = read(engine)?;
        let document = document.completed(&model);
        let plan = diff(&document, &model, force)?;
        look_for_obstacles(engine, &plan)?;
        let row = |change: &Change<'_>| {
            let text = |text: &str| Value::Text(text.to_owned());
            let detail = change.detail.as_deref().map_or(Value::Null, text);
            vec![text(change.action.name()), text(change.item.kind()), Value::Text(change.item.name()), detail]
        };
        Ok(Made::rows(plan.changes.iter().map(row).collect()))
    })
}
