//! `authz_put_resource`, `authz_remove_resource`: the instances of resource types and how they lie in each other.

use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use crate::base::refusal::shown;
use crate::facts::bound::{BoundRow, bound_row};
use crate::facts::catalog::{Resource, check_type, find_resource};
use crate::facts::store::Store;
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::value::GivenId;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_put_resource", 4..=6, Effect::Writes, put)?;
    define(connection, store, "authz_remove_resource", 2..=3, Effect::Writes, remove)
}

/// `authz_put_resource(resource_type, resource_id, parent_type, parent_id [, name [, external_id]])` → 1 if something changed, else 0.
///
/// Inserts, renames or moves. Without `name` or `external_id` the old one stays; NULL as a name takes it away, and as an external id makes
/// it the id itself again. A NULL parent is for root types only.
///
/// Refuses an unknown type, a parent that is missing or of a type not allowed, a move under a descendant, an external id that another
/// resource of the type has in the organization, and a move that would bring two together that have the same one.
fn put(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    let engine: &Engine = &store.engine;
    let resource_type = call.required_text(0, "resource type")?;
    let id = call.required_id(1, "resource id")?;
    let parent = match (call.text(2, "parent type")?, call.id(3, "parent id")?) {
        (Some(parent_type), Some(parent_id)) => Some((parent_type, parent_id)),
        (None, None) => None,
        _ => return Err(Error::refused("the parent type and the parent id are given together; give both or neither")),
    };
    let name = match call.count() {
        4 => None,
        _ => Some(call.text(4, "name")?),
    };
    if let Some(Some(name)) = name
        && name.chars().count() > 256
    {
        return Err(Error::refused(format!("the name `{}` has {} characters; a name has at most 256", shown(name), name.chars().count())));
    }
    let external_id = match call.count() {
        6 => Some(external_id(call)?.filter(|external_id| *external_id != id.text())),
        _ => None,
    };
    engine.atomically(|| {
        refuse_bound(store, resource_type, &id)?;
        let old = find_resource(engine, resource_type, &id)?;
        let mut place = Placement::find(store, resource_type, &id, parent.as_ref())?;
        let Some(old) = old else { return insert(engine, resource_type, &id, &place, name.flatten(), external_id.flatten()) };
        place.check(engine, resource_type)?;
        if old.parent == place.parent {
            // As it is stored: an organization may have been given with the other type of id.
            place.organization = old.organization.clone();
        }
        let name = name.unwrap_or(old.name.as_deref());
        let external_id = external_id.unwrap_or_else(|| old.given_external_id.clone());
        if (&old.parent, old.name.as_deref(), &old.given_external_id) == (&place.parent, name, &external_id) {
            return Ok(0);
        }
        update(engine, resource_type, &old, &place, name, external_id)
    })
}

/// Refuses to write about a row of the application: it is changed where it stands.
fn refuse_bound(store: &Store, resource_type: &str, id: &GivenId<'_>) -> Result<()> {
    match bound_row(store, resource_type, id.id())? {
        Some(BoundRow { table, resource: Some(_), .. }) => Err(Error::refused(format!(
            "the {resource_type} `{}` is a row of `{table}`, to which the type is bound; change it there",
            shown(&id.text())
        ))),
        _ => Ok(()),
    }
}

/// The external id as it is stored: ids that are numbers are texts here.
fn external_id(call: &Arguments<'_>) -> Result<Option<String>> {
    let given = match call.value(5) {
        ValueRef::Integer(_) | ValueRef::Real(_) => call.id(5, "external id")?.map(|id| id.text().into_owned()),
        _ => call.text(5, "external id")?.map(str::to_owned),
    };
    match &given {
        Some(given) if !(1..=128).contains(&given.chars().count()) => {
            let count = given.chars().count();
            Err(Error::refused(format!("the external id `{}` has {count} characters; an external id has 1 to 128", shown(given))))
        }
        _ => Ok(given),
    }
}

type GivenParent<'a> = (&'a str, GivenId<'a>);

/// Where a resource lies, or is to lie.
struct Placement {
    /// The parent as it is stored, or as it is given where it is not registered
    parent: Option<(String, Value)>,
    organization: Value,
    is_known: bool,
}

impl Placement {
    fn find(store: &Store, resource_type: &str, id: &GivenId<'_>, parent: Option<&GivenParent<'_>>) -> Result<Placement> {
        let Some((parent_type, parent_id)) = parent else {
            let organization = if resource_type == "organization" { id.value_as_stored() } else { Value::Null };
            return Ok(Placement { parent: None, organization, is_known: true });
        };
        if let Some(row) = bound_row(store, parent_type, parent_id.id())?.and_then(|row| row.resource) {
            // Where it lies is looked up at each question.
            return Ok(Placement { parent: Some(((*parent_type).to_owned(), row.id)), organization: Value::Null, is_known: true });
        }
        let found = find_resource(&store.engine, parent_type, parent_id)?;
        let is_known = found.is_some();
        let (id, organization) =
            found.map_or_else(|| (parent_id.value_as_stored(), Value::Null), |parent| (parent.id, parent.organization));
        Ok(Placement { parent: Some(((*parent_type).to_owned(), id)), organization, is_known })
    }

    /// Refuses what the rules of the file refuse, and says why.
    fn check(&self, engine: &Engine, resource_type: &str) -> Result<()> {
        let allowed = engine.strings(include_str!("../../sql/manage/resources/parent_types.sql"), params![resource_type])?;
        let listed = || allowed.iter().map(|slug| format!("`{slug}`")).collect::<Vec<_>>().join(", ");
        let Some((parent_type, parent_id)) = &self.parent else {
            return match allowed.is_empty() {
                true => Ok(()),
                false => Err(Error::refused(format!("a resource of type `{resource_type}` needs a parent, of type {}", listed()))),
            };
        };
        if !allowed.contains(parent_type) {
            check_type(engine, parent_type)?;
            return Err(Error::refused(match allowed.is_empty() {
                true => format!("`{resource_type}` is a root type: its resources have no parent"),
                false => format!("a resource of type `{resource_type}` cannot lie in a `{parent_type}`; allowed are {}", listed()),
            }));
        }
        match self.is_known {
            true => Ok(()),
            false => Err(Error::refused(format!("the parent {parent_type} `{}` is not registered; put it first", words(parent_id)))),
        }
    }
}

/// A new resource. The rules stand in the file; only where they refuse it are they gone into here, to say why.
fn insert(
    engine: &Engine,
    resource_type: &str,
    id: &GivenId<'_>,
    place: &Placement,
    name: Option<&str>,
    external_id: Option<String>,
) -> Result<i64> {
    let (parent_type, parent_id) = place.parent.as_ref().map(|(slug, id)| (slug, id)).unzip();
    let id = id.value_as_stored();
    let inserted = engine.with(include_str!("../../sql/manage/resources/insert.sql"), |statement| {
        Ok(statement.execute(params![resource_type, id, parent_type, parent_id, place.organization, name, external_id])?)
    });
    match inserted {
        Ok(_) => Ok(1),
        Err(error) if error.is_constraint() => {
            check_type(engine, resource_type)?;
            place.check(engine, resource_type)?;
            Err(clash(engine, resource_type, &id, place, external_id.as_deref(), error))
        }
        Err(error) => Err(error),
    }
}

/// What a resource is to be now, in one statement, so that it is judged as a whole.
fn update(
    engine: &Engine,
    resource_type: &str,
    old: &Resource,
    place: &Placement,
    name: Option<&str>,
    external_id: Option<String>,
) -> Result<i64> {
    let (parent_type, parent_id) = place.parent.as_ref().map(|(slug, id)| (slug, id)).unzip();
    let updated = engine.with(include_str!("../../sql/manage/resources/update.sql"), |statement| {
        Ok(statement.execute(params![resource_type, old.id, parent_type, parent_id, place.organization, name, external_id])?)
    });
    let Err(error) = updated else { return Ok(1) };
    let told = error.to_string();
    if told.starts_with("resource_cycle") {
        return Err(Error::refused(format!(
            "the {resource_type} `{}` cannot move under {} `{}`, which is or lies below it",
            words(&old.id),
            parent_type.map_or("", String::as_str),
            parent_id.map(words).unwrap_or_default()
        )));
    }
    if told.starts_with("resource_organization") {
        return Err(kept_in_place(engine, resource_type, old, error));
    }
    Err(clash(engine, resource_type, &old.id, place, external_id.as_deref(), error))
}

/// Names the two resources that would have the same external id.
fn clash(engine: &Engine, resource_type: &str, id: &Value, place: &Placement, external_id: Option<&str>, error: Error) -> Error {
    const CODE: &str = "authorization_resource_external_id_conflict";
    if !error.to_string().starts_with(CODE) {
        return error;
    }
    let found = engine.with(include_str!("../../sql/manage/resources/clash.sql"), |statement| {
        let found = statement.query_row(params![resource_type, id, place.organization, external_id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Value>(1)?, row.get::<_, String>(2)?, row.get::<_, Value>(3)?))
        });
        Ok(found.optional()?)
    });
    let of = match place.organization {
        Value::Null => "outside of organizations".to_owned(),
        ref organization => format!("in organization `{}`", words(organization)),
    };
    match found {
        Ok(Some((slug, one, external_id, other))) => Error::refused(format!(
            "{CODE}: the {slug} `{}` cannot be `{}` {of}, for the {slug} `{}` is; give one of them another external id first",
            words(&one),
            shown(&external_id),
            words(&other)
        )),
        Ok(None) => error,
        Err(error) => error,
    }
}

/// Names the role that keeps a resource in its organization.
fn kept_in_place(engine: &Engine, resource_type: &str, old: &Resource, error: Error) -> Error {
    let found = engine.with(include_str!("../../sql/manage/resources/kept_in_place.sql"), |statement| {
        let found = statement.query_row(params![resource_type, old.id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, Value>(3)?))
        });
        Ok(found.optional()?)
    });
    match found {
        Ok(Some((subject, role, slug, id))) => Error::refused(format!(
            "resource_organization: `{}` holds `{role}` on the {slug} `{}`, a role from organization `{}`; revoke it before the move",
            shown(&subject),
            words(&id),
            words(&old.organization)
        )),
        Ok(None) => error,
        Err(error) => error,
    }
}

/// An id as a sentence shows it.
fn words(id: &Value) -> String {
    match id {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => shown(text),
        _ => "(none)".to_owned(),
    }
}

/// `authz_remove_resource(resource_type, resource_id [, 'cascade'])` → how many resources went; 0 if it was not registered.
///
/// Refuses one that has children or assignments, and an organization that has members. With `'cascade'` its descendants and all their
/// assignments go too; with an organization go its memberships, with the sessions in it, its connections, directories, domains, groups and
/// roles. Users stay.
fn remove(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    let engine: &Engine = &store.engine;
    let resource_type = call.required_text(0, "resource type")?;
    let id = call.required_id(1, "resource id")?;
    let cascade = match call.text(2, "third argument")? {
        None if call.count() == 2 => false,
        Some("cascade") => true,
        other => {
            let given = other.map_or_else(|| "NULL".to_owned(), shown);
            return Err(Error::refused(format!("the third argument `{given}` is not known; it is 'cascade' or left out")));
        }
    };
    engine.atomically(|| {
        check_type(engine, resource_type)?;
        refuse_bound(store, resource_type, &id)?;
        let Some(found) = find_resource(engine, resource_type, &id)? else { return Ok(0) };
        if !cascade {
            let (children, assignments) = engine.with(include_str!("../../sql/manage/resources/dependents.sql"), |statement| {
                Ok(statement.query_row(params![resource_type, found.id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
            })?;
            if children > 0 || assignments > 0 {
                return Err(Error::refused(format!(
                    "resource_has_dependents: the {resource_type} `{}` has dependents (children: {children}, assignments: {assignments}); remove them first, or say 'cascade'",
                    words(&found.id)
                )));
            }
        }
        let count = match (resource_type, cascade) {
            ("organization", true) => as_one_call(engine, || remove_organization(engine, found.id))?,
            _ => remove_with_descendants(engine, resource_type, found.id)?,
        };
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    })
}

/// Removes an organization and all that is its, and says how many resources went.
fn remove_organization(engine: &Engine, id: Value) -> Result<usize> {
    let run = |sql: &'static str| engine.with(sql, |statement| Ok(statement.execute([&id])?));
    // Where there are people, members come first, for their last role cannot go without them; what else is the organization's goes by the
    // triggers of its own row.
    let has_people = match run(include_str!("../../sql/manage/resources/delete_memberships.sql")) {
        Err(Error::NoSystem(_)) => false,
        other => other.map(|_| true)?,
    };
    let below = remove_below(engine, "organization", &id)?;
    if !has_people {
        run(include_str!("../../sql/manage/resources/delete_assignments.sql"))?;
        run(include_str!("../../sql/manage/resources/delete_groups.sql"))?;
        run(include_str!("../../sql/manage/resources/delete_roles.sql"))?;
    }
    Ok(below + remove_one(engine, "organization", &id)?)
}

/// Removes a resource and all that lies in it, and says how many went.
pub(crate) fn remove_with_descendants(engine: &Engine, resource_type: &str, id: Value) -> Result<usize> {
    Ok(remove_below(engine, resource_type, &id)? + remove_one(engine, resource_type, &id)?)
}

fn remove_one(engine: &Engine, resource_type: &str, id: &Value) -> Result<usize> {
    engine.with(include_str!("../../sql/manage/resources/delete.sql"), |statement| Ok(statement.execute(params![resource_type, id])?))?;
    Ok(1)
}

/// Removes all that lies in a resource, and says how many went.
fn remove_below(engine: &Engine, resource_type: &str, id: &Value) -> Result<usize> {
    // Parents come before their children in this list, whatever order the rows came in: so it is emptied from its end.
    let mut doomed = vec![(resource_type.to_owned(), id.clone())];
    let mut next = 0;
    while let Some((slug, id)) = doomed.get(next).cloned() {
        engine.with(include_str!("../../sql/manage/resources/children.sql"), |statement| {
            let mut rows = statement.query(params![slug, id])?;
            while let Some(row) = rows.next()? {
                let child = (row.get(0)?, row.get(1)?);
                // Only a cycle made by hand leads back to where the walk began.
                if doomed.first() != Some(&child) {
                    doomed.push(child);
                }
            }
            Ok(())
        })?;
        next += 1;
    }
    let mut count = 0;
    for (slug, id) in doomed.iter().skip(1).rev() {
        count += remove_one(engine, slug, id)?;
    }
    Ok(count)
}
