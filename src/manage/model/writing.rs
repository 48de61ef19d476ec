//! Writing a plan to the tables, and looking for what stands in its way.

use rusqlite::Params;
use rusqlite::types::ToSql;

use crate::manage::resources::remove_with_descendants;
use crate::model::definition::{Definition, RestrictionKind};
use crate::model::plan::{Action, Change, Item, Obstacle, Plan};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;

pub(super) fn look_for_obstacles(engine: &Engine, plan: &Plan<'_>) -> Result<()> {
    for obstacle in &plan.obstacles {
        let (sql, arguments): (_, Vec<&dyn ToSql>) = match obstacle {
            Obstacle::ResourceOf(slug) => (include_str!("../../../sql/manage/model/resource_of.sql"), vec![slug]),
            Obstacle::SubjectOf(slug) => (include_str!("../../../sql/manage/model/subject_of.sql"), vec![slug]),
            Obstacle::RootOf(slug) => (include_str!("../../../sql/manage/model/root_of.sql"), vec![slug]),
            Obstacle::Child { resource_type, parent } => (include_str!("../../../sql/manage/model/child.sql"), vec![resource_type, parent]),
            Obstacle::AssignmentOf(role) | Obstacle::AssignmentOfRetyped { role, .. } => {
                (include_str!("../../../sql/manage/model/assignment_of.sql"), vec![role])
            }
            Obstacle::Relationship { resource_type, relation, subjects } => {
                let sql = match subjects.kind {
                    RestrictionKind::One => include_str!("../../../sql/manage/model/relationship_of_one.sql"),
                    RestrictionKind::Every => include_str!("../../../sql/manage/model/relationship_of_every.sql"),
                    RestrictionKind::Userset(_) => include_str!("../../../sql/manage/model/relationship_of_userset.sql"),
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

/// Deletes what stands on the types and roles that go.
pub(super) fn clear_by_force(engine: &Engine, plan: &Plan<'_>) -> Result<()> {
    for slug in &plan.forced_types {
        // What lies in a resource goes with it, so each time another one is the first.
        while let Some(id) = engine.with(include_str!("../../../sql/manage/model/resource_stored.sql"), |statement| {
            Ok(statement.query([slug])?.next()?.map(|row| row.get(0)).transpose()?)
        })? {
            remove_with_descendants(engine, slug, id)?;
        }
    }
    for slug in &plan.forced_types {
        run(engine, include_str!("../../../sql/manage/model/remove_assignments_of_subjects.sql"), [slug])?;
        run(engine, include_str!("../../../sql/manage/model/remove_memberships_of_subjects.sql"), [slug])?;
    }
    for slug in &plan.forced_roles {
        run(engine, include_str!("../../../sql/manage/model/remove_assignments_of_role.sql"), [slug])?;
    }
    Ok(())
}

pub(super) fn run(engine: &Engine, sql: &'static str, arguments: impl Params) -> Result<()> {
    engine.with(sql, |statement| Ok(statement.execute(arguments).map(drop)?))
}

pub(super) fn write(engine: &Engine, change: &Change<'_>) -> Result<()> {
    let f = &change.fields;
    match (change.action, change.item) {
        (Action::Create, Item::ResourceType(slug)) => {
            run(engine, include_str!("../../../sql/manage/model/create_resource_type.sql"), (slug, f.description))?;
            run(engine, include_str!("../../../sql/manage/model/set_search.sql"), (slug, f.search))
        }
        (Action::Create, Item::Parent { resource_type, parent }) => {
            run(engine, include_str!("../../../sql/manage/model/create_parent.sql"), (resource_type, parent))
        }
        (Action::Create, Item::Permission(slug)) => run(
            engine,
            include_str!("../../../sql/manage/model/create_permission.sql"),
            (slug, f.resource_type, f.name, f.description, f.relation),
        ),
        (Action::Create, Item::Role(slug)) => run(
            engine,
            include_str!("../../../sql/manage/model/create_role.sql"),
            (slug, f.resource_type, f.name, f.description, f.is_default, f.priority),
        ),
        (Action::Create, Item::RolePermission { role, permission }) => {
            run(engine, include_str!("../../../sql/manage/model/create_role_permission.sql"), (role, None::<&str>, permission, true))
        }
        (Action::Change, Item::ResourceType(slug)) => {
            if f.described {
                run(engine, include_str!("../../../sql/manage/model/describe_resource_type.sql"), (slug, f.description))?;
            }
            run(engine, include_str!("../../../sql/manage/model/set_search.sql"), (slug, f.search))?;
            match f.declared {
                true => run(engine, include_str!("../../../sql/manage/model/declare_resource_type.sql"), [slug]),
                false => Ok(()),
            }
        }
        (Action::Change, Item::Parent { resource_type, parent }) => {
            run(engine, include_str!("../../../sql/manage/model/declare_parent.sql"), (resource_type, parent))
        }
        (Action::Change, Item::Permission(slug)) => {
            if f.described {
                run(engine, include_str!("../../../sql/manage/model/describe_permission.sql"), (slug, f.name, f.description))?;
            }
            if f.related {
                run(engine, include_str!("../../../sql/manage/model/relate_permission.sql"), (slug, f.relation))?;
            }
            run(engine, include_str!("../../../sql/manage/model/declare_permission.sql"), (slug, f.declared))
        }
        (Action::Change, Item::Role(slug)) => {
            if f.described {
                run(engine, include_str!("../../../sql/manage/model/describe_role.sql"), (slug, f.name, f.description))?;
            }
            run(engine, include_str!("../../../sql/manage/model/declare_role.sql"), [slug])
        }
        (Action::Change, Item::RolePermission { role, permission }) => {
            run(engine, include_str!("../../../sql/manage/model/declare_role_permission.sql"), (role, permission))
        }
        (Action::Remove, Item::ResourceType(slug)) => {
            run(engine, include_str!("../../../sql/manage/model/remove_resource_type.sql"), [slug])
        }
        (Action::Remove, Item::Parent { resource_type, parent }) => {
            run(engine, include_str!("../../../sql/manage/model/remove_parent.sql"), (resource_type, parent))
        }
        (Action::Remove, Item::Permission(slug)) => run(engine, include_str!("../../../sql/manage/model/remove_permission.sql"), [slug]),
        (Action::Remove, Item::Role(slug)) => run(engine, include_str!("../../../sql/manage/model/remove_role.sql"), [slug]),
        (Action::Remove, Item::RolePermission { role, permission }) => {
            run(engine, include_str!("../../../sql/manage/model/remove_role_permission.sql"), (role, permission))
        }
        (Action::Create, Item::Relation { resource_type, relation }) => {
            run(
                engine,
                include_str!("../../../sql/manage/model/create_relation.sql"),
                (resource_type, relation, f.rule.map(ToString::to_string)),
            )?;
            write_relation_subjects(engine, resource_type, relation, f.rule)
        }
        (Action::Change, Item::Relation { resource_type, relation }) => {
            run(
                engine,
                include_str!("../../../sql/manage/model/define_relation.sql"),
                (resource_type, relation, f.rule.map(ToString::to_string)),
            )?;
            run(engine, include_str!("../../../sql/manage/model/remove_relation_subjects.sql"), (resource_type, relation))?;
            write_relation_subjects(engine, resource_type, relation, f.rule)
        }
        (Action::Remove, Item::Relation { resource_type, relation }) => {
            run(engine, include_str!("../../../sql/manage/model/remove_relation.sql"), (resource_type, relation))
        }
        // A permission takes these along by itself.
        (_, Item::OrganizationRolePermission { .. }) => Ok(()),
    }
}

fn write_relation_subjects(engine: &Engine, resource_type: &str, relation: &str, rule: Option<&Definition>) -> Result<()> {
    for subjects in rule.map(Definition::restrictions).unwrap_or_default() {
        let row = (resource_type, relation, &subjects.subject_type, subjects.subject_relation());
        run(engine, include_str!("../../../sql/manage/model/create_relation_subject.sql"), row)?;
    }
    Ok(())
}
