//! `authz_apply` and `authz_plan`: making the model what a document says, or saying what that would take; and back: `authz_model`,
//! `authz_orphans`.
//!
//! The decision is [`crate::model`]'s; here the model in force is read from the tables, and the changes are written to them. The triggers
//! of the schema check each write once more, and are not expected to find anything.

use std::rc::Rc;

use rusqlite::types::{ToSql, Value, ValueRef};
use rusqlite::{Connection, Params, Row};
use serde_json::{Map, json};

use crate::base::refusal::shown;
use crate::manage::resources::remove_with_descendants;
use crate::model::definition::{Definition, Restriction, RestrictionKind};
use crate::model::difference::diff;
use crate::model::document::Document;
use crate::model::in_force::{
    InForce, OrganizationRole, OrganizationRolePermission, PermissionInForce, RelationInForce, RoleInForce, TypeInForce,
};
use crate::model::plan::{Action, Change, Item, Obstacle, Plan};
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect};
use crate::sqlite::table::{Call, Made, Rows, TableFunction};

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

/// Deletes what stands on the types and roles that go.
fn clear_by_force(engine: &Engine, plan: &Plan<'_>) -> Result<()> {
    for slug in &plan.forced_types {
        // What lies in a resource goes with it, so each time another one is the first.
        while let Some(id) = engine.with(include_str!("../../sql/manage/model/resource_stored.sql"), |statement| {
            Ok(statement.query([slug])?.next()?.map(|row| row.get(0)).transpose()?)
        })? {
            remove_with_descendants(engine, slug, id)?;
        }
    }
    for slug in &plan.forced_types {
        run(engine, include_str!("../../sql/manage/model/remove_assignments_of_subjects.sql"), [slug])?;
        run(engine, include_str!("../../sql/manage/model/remove_memberships_of_subjects.sql"), [slug])?;
    }
    for slug in &plan.forced_roles {
        run(engine, include_str!("../../sql/manage/model/remove_assignments_of_role.sql"), [slug])?;
    }
    Ok(())
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
    engine.with(include_str!("../../sql/manage/model/orphans.sql"), |statement| {
        let rows = statement.query_map([], |row| (0..6).map(|column| row.get(column)).collect())?;
        Ok(Made::rows(rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()?))
    })
}

fn carry_out(engine: &Engine, text: &str, plan: &Plan<'_>, model: &InForce, organizations: &[Stored]) -> Result<String> {
    clear_by_force(engine, plan)?;
    for slug in &plan.released {
        run(engine, include_str!("../../sql/manage/model/relate_permission.sql"), (slug, None::<&str>))?;
    }
    for change in &plan.changes {
        write(engine, change)?;
    }
    for &(role, permission, declared) in &plan.restored {
        run(engine, include_str!("../../sql/manage/model/create_role_permission.sql"), (role, None::<&str>, permission, declared))?;
    }
    for &index in &plan.restored_organization {
        let (Some(held), Some((organization, declared))) = (model.organization_role_permissions.get(index), organizations.get(index))
        else {
            continue;
        };
        run(
            engine,
            include_str!("../../sql/manage/model/create_role_permission.sql"),
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
            Some(engine.with(include_str!("../../sql/manage/model/record.sql"), |statement| {
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

fn each(engine: &Engine, sql: &'static str, mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>) -> Result<()> {
    engine.with(sql, |statement| {
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    })
}

/// The organization of a permission of an organization role, as it is stored, and whether the row is marked as declared.
type Stored = (Value, bool);

fn read(engine: &Engine) -> Result<(InForce, Vec<Stored>)> {
    let mut model = InForce::default();
    each(engine, include_str!("../../sql/manage/model/resource_types.sql"), |row| {
        model.resource_types.insert(row.get(0)?, TypeInForce { description: row.get(1)?, declared: row.get(2)?, search: row.get(3)? });
        Ok(())
    })?;
    each(engine, include_str!("../../sql/manage/model/parents.sql"), |row| {
        model.parents.insert((row.get(0)?, row.get(1)?), row.get(2)?);
        Ok(())
    })?;
    each(engine, include_str!("../../sql/manage/model/permissions.sql"), |row| {
        let permission = PermissionInForce {
            resource_type: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            system: row.get(4)?,
            declared: row.get(5)?,
            relation: row.get(6)?,
        };
        model.permissions.insert(row.get(0)?, permission);
        Ok(())
    })?;
    each(engine, include_str!("../../sql/manage/model/roles.sql"), |row| {
        let role = RoleInForce {
            resource_type: row.get(1)?,
            name: row.get(2)?,
            description: row.get(3)?,
            is_default: row.get(4)?,
            priority: row.get(5)?,
            declared: row.get(6)?,
        };
        model.roles.insert(row.get(0)?, role);
        Ok(())
    })?;
    each(engine, include_str!("../../sql/manage/model/role_permissions.sql"), |row| {
        model.role_permissions.entry(row.get(0)?).or_default().insert(row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    each(engine, include_str!("../../sql/manage/model/organization_roles.sql"), |row| {
        model.organization_roles.push(OrganizationRole { slug: row.get(0)?, resource_type: row.get(1)? });
        Ok(())
    })?;
    read_relations(engine, &mut model)?;
    let mut stored = Vec::new();
    each(engine, include_str!("../../sql/manage/model/organization_role_permissions.sql"), |row| {
        model.organization_role_permissions.push(OrganizationRolePermission {
            role: row.get(0)?,
            organization: shown_id(row.get_ref(1)?),
            role_type: row.get(2)?,
            permission: row.get(3)?,
        });
        stored.push((row.get(1)?, row.get(4)?));
        Ok(())
    })?;
    Ok((model, stored))
}

fn read_relations(engine: &Engine, model: &mut InForce) -> Result<()> {
    let mut unreadable = None;
    each(engine, include_str!("../../sql/manage/model/relations.sql"), |row| {
        let key: (String, String) = (row.get(0)?, row.get(1)?);
        match Definition::parse(&row.get::<_, String>(2)?) {
            Ok(rule) => drop(model.relations.insert(key, RelationInForce { rule, declared: row.get(3)? })),
            Err(error) => unreadable = Some((key, error)),
        }
        Ok(())
    })?;
    if let Some(((resource_type, relation), error)) = unreadable {
        return Err(Error::refused(format!(
            "the definition of `{resource_type}#{relation}` in authz_relations cannot be read ({error}); correct or delete that row"
        )));
    }
    each(engine, include_str!("../../sql/manage/model/relation_subjects.sql"), |row| {
        let subject_type: String = row.get(2)?;
        let kind = match row.get_ref(3)?.as_str()? {
            "" => RestrictionKind::One,
            "*" => RestrictionKind::Every,
            relation => RestrictionKind::Userset(relation.into()),
        };
        let restriction = Restriction { subject_type: subject_type.into(), kind };
        model.relation_subjects.entry((row.get(0)?, row.get(1)?)).or_default().insert(restriction);
        Ok(())
    })
}

fn shown_id(value: ValueRef<'_>) -> String {
    crate::base::identifier::Id::stored(value).to_string()
}

fn look_for_obstacles(engine: &Engine, plan: &Plan<'_>) -> Result<()> {
    for obstacle in &plan.obstacles {
        let (sql, arguments): (_, Vec<&dyn ToSql>) = match obstacle {
            Obstacle::ResourceOf(slug) => (include_str!("../../sql/manage/model/resource_of.sql"), vec![slug]),
            Obstacle::SubjectOf(slug) => (include_str!("../../sql/manage/model/subject_of.sql"), vec![slug]),
            Obstacle::RootOf(slug) => (include_str!("../../sql/manage/model/root_of.sql"), vec![slug]),
            Obstacle::Child { resource_type, parent } => (include_str!("../../sql/manage/model/child.sql"), vec![resource_type, parent]),
            Obstacle::AssignmentOf(role) | Obstacle::AssignmentOfRetyped { role, .. } => {
                (include_str!("../../sql/manage/model/assignment_of.sql"), vec![role])
            }
            Obstacle::Relationship { resource_type, relation, subjects } => {
                let sql = match subjects.kind {
                    RestrictionKind::One => include_str!("../../sql/manage/model/relationship_of_one.sql"),
                    RestrictionKind::Every => include_str!("../../sql/manage/model/relationship_of_every.sql"),
                    RestrictionKind::Userset(_) => include_str!("../../sql/manage/model/relationship_of_userset.sql"),
                };
                let mut arguments: Vec<&dyn ToSql> = vec![resource_type, relation, &subjects.subject_type];
                if let RestrictionKind::Userset(relation) = &subjects.kind {
                    arguments.push(relation);
                }
                (sql, arguments)
            }
        };
        let found: Option<String> = engine.with(sql, |statement| {
            let mut rows = statement.query(arguments.as_slice())?;
            Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
        })?;
        if let Some(example) = found {
            return Err(obstacle.refusal(&example).into());
        }
    }
    Ok(())
}

fn run(engine: &Engine, sql: &'static str, arguments: impl Params) -> Result<()> {
    engine.with(sql, |statement| Ok(statement.execute(arguments).map(drop)?))
}

fn write(engine: &Engine, change: &Change<'_>) -> Result<()> {
    let f = &change.fields;
    match (change.action, change.item) {
        (Action::Create, Item::ResourceType(slug)) => {
            run(engine, include_str!("../../sql/manage/model/create_resource_type.sql"), (slug, f.description))?;
            run(engine, include_str!("../../sql/manage/model/set_search.sql"), (slug, f.search))
        }
        (Action::Create, Item::Parent { resource_type, parent }) => {
            run(engine, include_str!("../../sql/manage/model/create_parent.sql"), (resource_type, parent))
        }
        (Action::Create, Item::Permission(slug)) => run(
            engine,
            include_str!("../../sql/manage/model/create_permission.sql"),
            (slug, f.resource_type, f.name, f.description, f.relation),
        ),
        (Action::Create, Item::Role(slug)) => run(
            engine,
            include_str!("../../sql/manage/model/create_role.sql"),
            (slug, f.resource_type, f.name, f.description, f.is_default, f.priority),
        ),
        (Action::Create, Item::RolePermission { role, permission }) => {
            run(engine, include_str!("../../sql/manage/model/create_role_permission.sql"), (role, None::<&str>, permission, true))
        }
        (Action::Change, Item::ResourceType(slug)) => {
            if f.described {
                run(engine, include_str!("../../sql/manage/model/describe_resource_type.sql"), (slug, f.description))?;
            }
            run(engine, include_str!("../../sql/manage/model/set_search.sql"), (slug, f.search))?;
            match f.declared {
                true => run(engine, include_str!("../../sql/manage/model/declare_resource_type.sql"), [slug]),
                false => Ok(()),
            }
        }
        (Action::Change, Item::Parent { resource_type, parent }) => {
            run(engine, include_str!("../../sql/manage/model/declare_parent.sql"), (resource_type, parent))
        }
        (Action::Change, Item::Permission(slug)) => {
            if f.described {
                run(engine, include_str!("../../sql/manage/model/describe_permission.sql"), (slug, f.name, f.description))?;
            }
            if f.related {
                run(engine, include_str!("../../sql/manage/model/relate_permission.sql"), (slug, f.relation))?;
            }
            run(engine, include_str!("../../sql/manage/model/declare_permission.sql"), (slug, f.declared))
        }
        (Action::Change, Item::Role(slug)) => {
            if f.described {
                run(engine, include_str!("../../sql/manage/model/describe_role.sql"), (slug, f.name, f.description))?;
            }
            run(engine, include_str!("../../sql/manage/model/declare_role.sql"), [slug])
        }
        (Action::Change, Item::RolePermission { role, permission }) => {
            run(engine, include_str!("../../sql/manage/model/declare_role_permission.sql"), (role, permission))
        }
        (Action::Remove, Item::ResourceType(slug)) => run(engine, include_str!("../../sql/manage/model/remove_resource_type.sql"), [slug]),
        (Action::Remove, Item::Parent { resource_type, parent }) => {
            run(engine, include_str!("../../sql/manage/model/remove_parent.sql"), (resource_type, parent))
        }
        (Action::Remove, Item::Permission(slug)) => run(engine, include_str!("../../sql/manage/model/remove_permission.sql"), [slug]),
        (Action::Remove, Item::Role(slug)) => run(engine, include_str!("../../sql/manage/model/remove_role.sql"), [slug]),
        (Action::Remove, Item::RolePermission { role, permission }) => {
            run(engine, include_str!("../../sql/manage/model/remove_role_permission.sql"), (role, permission))
        }
        (Action::Create, Item::Relation { resource_type, relation }) => {
            run(
                engine,
                include_str!("../../sql/manage/model/create_relation.sql"),
                (resource_type, relation, f.rule.map(ToString::to_string)),
            )?;
            write_relation_subjects(engine, resource_type, relation, f.rule)
        }
        (Action::Change, Item::Relation { resource_type, relation }) => {
            run(
                engine,
                include_str!("../../sql/manage/model/define_relation.sql"),
                (resource_type, relation, f.rule.map(ToString::to_string)),
            )?;
            run(engine, include_str!("../../sql/manage/model/remove_relation_subjects.sql"), (resource_type, relation))?;
            write_relation_subjects(engine, resource_type, relation, f.rule)
        }
        (Action::Remove, Item::Relation { resource_type, relation }) => {
            run(engine, include_str!("../../sql/manage/model/remove_relation.sql"), (resource_type, relation))
        }
        // A permission takes these along by itself.
        (_, Item::OrganizationRolePermission { .. }) => Ok(()),
    }
}

fn write_relation_subjects(engine: &Engine, resource_type: &str, relation: &str, rule: Option<&Definition>) -> Result<()> {
    for subjects in rule.map(Definition::restrictions).unwrap_or_default() {
        let row = (resource_type, relation, &subjects.subject_type, subjects.subject_relation());
        run(engine, include_str!("../../sql/manage/model/create_relation_subject.sql"), row)?;
    }
    Ok(())
}
