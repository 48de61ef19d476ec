//! Directory users as they are kept, and the users and memberships behind them.

use rusqlite::{Row, ToSql, params};
use serde_json::{Map, Value, json};

use super::failure::{Outcome, missing};
use super::request::answer::{Answer, list, taken};
use super::request::filter::fold;
use super::request::query::Query;
use super::request::resource::{UserColumns, show, user_columns};
use super::request::schemas::ResourceKind;
use crate::base::identifier::Id;
use crate::identity::attributes::holders::{Holder, record};
use crate::identity::attributes::values::Source;
use crate::identity::directories::Directory;
use crate::identity::people::{self, Person};
use crate::identity::state::Identity;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;

/// A row of `authz_directory_users`.
#[derive(Debug, Clone)]
pub(super) struct User {
    id: String,
    /// The user behind it, where that is known
    user: Option<String>,
    idp_id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    active: bool,
    pub(super) raw: Map<String, Value>,
    revision: i64,
    created_at: String,
    updated_at: String,
}

impl User {
    fn of(row: &Row<'_>) -> rusqlite::Result<User> {
        Ok(User {
            id: row.get(0)?,
            user: row.get(1)?,
            idp_id: row.get(2)?,
            email: row.get(3)?,
            first_name: row.get(4)?,
            last_name: row.get(5)?,
            active: row.get::<_, String>(6)? == "active",
            raw: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default(),
            revision: row.get(8)?,
            created_at: row.get(9)?,
            updated_at: row.get(10)?,
        })
    }

    /// What of it the query wants to see.
    pub(super) fn shown(&self, engine: &Engine, query: &Query) -> Result<Value> {
        Ok(query.project(self.resource(engine, query.shows("groups"))?))
    }

    fn resource(&self, engine: &Engine, with_groups: bool) -> Result<Map<String, Value>> {
        let groups = if with_groups { self.groups(engine)? } else { Vec::new() };
        Ok(show(ResourceKind::User, &self.id, &self.raw, Some(("groups", groups)), self.revision, (&self.created_at, &self.updated_at)))
    }

    /// The groups that name it.
    fn groups(&self, engine: &Engine) -> Result<Vec<Value>> {
        engine.with(include_str!("../../../sql/identity/scim/users/groups_of_user.sql"), |statement| {
            let rows = statement.query_map([&self.id], |row| {
                let (id, name) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                Ok(json!({"value": id, "$ref": format!("/Groups/{id}"), "display": name, "type": "direct"}))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn find(engine: &Engine, directory: &Directory, id: &str) -> Result<Option<User>> {
    engine.with(include_str!("../../../sql/identity/scim/users/user.sql"), |statement| {
        let mut rows = statement.query(params![directory.id, id])?;
        rows.next()?.map(User::of).transpose().map_err(Into::into)
    })
}

/// The user of that id in the directory.
pub(super) fn found(engine: &Engine, directory: &Directory, id: &str) -> Outcome<User> {
    find(engine, directory, id)?.ok_or_else(|| missing(ResourceKind::User, id))
}

/// Refuses what another user of the directory has already: the name, the provider's id, the address. Nobody is two people, and no row
/// may end what another holds up.
fn check_free(engine: &Engine, directory: &Directory, own_id: Option<&str>, columns: &UserColumns) -> Outcome<()> {
    let clash: Option<String> = engine.with(include_str!("../../../sql/identity/scim/users/user_clash.sql"), |statement| {
        let mut rows = statement.query(params![directory.id, columns.username_key, columns.idp_id, columns.email, own_id])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    })?;
    match clash {
        Some(what) => Err(taken(format!("another user of the directory has that {what}")).into()),
        None => Ok(()),
    }
}

/// A new directory user.
pub(super) fn create(identity: &Identity, directory: &Directory, mut given: Map<String, Value>) -> Outcome<User> {
    let engine = &identity.engine;
    if !given.contains_key("active") {
        given.insert("active".to_owned(), true.into());
    }
    let columns = user_columns(&given)?;
    check_free(engine, directory, None, &columns)?;
    let id: String = engine.with(include_str!("../../../sql/identity/scim/users/insert_user.sql"), |statement| {
        let active = columns.active != Some(false);
        let raw = Value::Object(given).to_string();
        let UserColumns { idp_id, email, username, username_key, first_name, last_name, .. } = &columns;
        let values =
            params![directory.id, directory.organization, idp_id, email, username, username_key, first_name, last_name, active, raw];
        Ok(statement.query_row(values, |row| row.get(0))?)
    })?;
    let new = found(engine, directory, &id)?;
    changed(identity, directory, None, &new)?;
    found(engine, directory, &id)
}

/// A directory user as a PUT describes it. One that says nothing of `active` leaves that as it is.
pub(super) fn replace(identity: &Identity, directory: &Directory, old: User, mut given: Map<String, Value>) -> Outcome<User> {
    if let (None, Some(active)) = (given.get("active"), old.raw.get("active")) {
        given.insert("active".to_owned(), active.clone());
    }
    store(identity, directory, old, given)
}

/// A directory user as it is now. The same again writes nothing.
pub(super) fn store(identity: &Identity, directory: &Directory, old: User, given: Map<String, Value>) -> Outcome<User> {
    let engine = &identity.engine;
    let columns = user_columns(&given)?;
    if given == old.raw {
        return Ok(old);
    }
    check_free(engine, directory, Some(&old.id), &columns)?;
    engine.with(include_str!("../../../sql/identity/scim/users/update_user.sql"), |statement| {
        let raw = Value::Object(given).to_string();
        let active = columns.active.unwrap_or(old.active);
        let UserColumns { idp_id, email, username, username_key, first_name, last_name, .. } = &columns;
        Ok(statement.execute(params![old.id, idp_id, email, username, username_key, first_name, last_name, active, raw])?)
    })?;
    let new = found(engine, directory, &old.id)?;
    changed(identity, directory, Some(&old), &new)?;
    found(engine, directory, &old.id)
}

/// Takes a directory user away. What follows, an inactive membership first of all, is done by the triggers of the file.
pub(super) fn remove(engine: &Engine, user: &User) -> Result<()> {
    engine.with(include_str!("../../../sql/identity/scim/users/delete_user.sql"), |statement| Ok(statement.execute([&user.id])?))?;
    Ok(())
}

/// What follows when a directory user comes or changes: for the person, and for the attributes.
fn changed(identity: &Identity, directory: &Directory, before: Option<&User>, now: &User) -> Result<()> {
    let user = follow(&identity.engine, directory, before, now)?;
    let organization = Id::stored((&directory.organization).into());
    let holder =
        Holder { source: Source::Directory, provider: &directory.id, key: &now.id, user: user.as_deref(), organization: &organization };
    record(identity, &holder, &Value::Object(now.raw.clone()))
}

/// The person behind a directory user, who comes and goes with it.
fn follow(engine: &Engine, directory: &Directory, before: Option<&User>, now: &User) -> Result<Option<String>> {
    let known = match &now.user {
        Some(user) => Some((user.clone(), false)),
        None => who(engine, directory, now)?.map(|user| (user, true)),
    };
    let Some((user, is_new)) = known else { return Ok(None) };
    if is_new {
        arrive(engine, directory, now, &user)?;
        engine
            .with(include_str!("../../../sql/identity/scim/users/link_user.sql"), |statement| Ok(statement.execute([&now.id, &user])?))?;
    } else if before.is_some_and(|before| before.active != now.active) {
        set_status(engine, directory, &user, now.active)?;
    }
    if is_new || before.is_some_and(|before| before.idp_id != now.idp_id) {
        engine.with(include_str!("../../../sql/identity/scim/users/remember_person.sql"), |statement| {
            Ok(statement.execute(params![directory.id, now.idp_id, user, directory.organization])?)
        })?;
    }
    Ok(Some(user))
}

/// The user behind a directory user: whom the provider's id meant before, else whom the address may be taken for, else somebody new;
/// nobody while there is no address. Never somebody whom another user of the same directory stands for.
fn who(engine: &Engine, directory: &Directory, now: &User) -> Result<Option<String>> {
    let known: Option<String> = engine.with(include_str!("../../../sql/identity/scim/users/known_person.sql"), |statement| {
        let mut rows = statement.query(params![directory.id, now.idp_id])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    })?;
    let Some(email) = now.email.as_deref().filter(|_| known.is_none()) else { return Ok(known) };
    let person = Person { email, first_name: now.first_name.as_deref(), last_name: now.last_name.as_deref() };
    let is_free = |user: &str| {
        engine.with(include_str!("../../../sql/identity/scim/users/stands_for.sql"), |statement| {
            Ok(!statement.exists(params![user, directory.id])?)
        })
    };
    people::take_in(engine, &directory.organization, &person, is_free).map(Some)
}

/// The membership of a user who is known from now on. One that was suspended by hand stays so, unless a directory had ended it before
/// and nothing but its word stands against it; one that is pending begins.
fn arrive(engine: &Engine, directory: &Directory, now: &User, user: &str) -> Result<()> {
    let membership: Option<(String, bool, bool)> =
        engine.with(include_str!("../../../sql/identity/scim/users/membership.sql"), |statement| {
            let mut rows = statement.query(params![user, directory.organization])?;
            Ok(match rows.next()? {
                Some(row) => Some((row.get(0)?, row.get(1)?, row.get(2)?)),
                None => None,
            })
        })?;
    let status = match membership {
        _ if !now.active => "inactive",
        Some((status, is_managed, is_held_up)) if status == "inactive" && (!is_managed || is_held_up) => "inactive",
        _ => "active",
    };
    write_status(engine, directory, user, status)
}

fn set_status(engine: &Engine, directory: &Directory, user: &str, active: bool) -> Result<()> {
    write_status(engine, directory, user, if active { "active" } else { "inactive" })
}

fn write_status(engine: &Engine, directory: &Directory, user: &str, status: &str) -> Result<()> {
    let values = params![user, directory.organization, status];
    let made =
        engine.with(include_str!("../../../sql/identity/scim/users/insert_membership.sql"), |statement| Ok(statement.execute(values)?))?;
    let sql = match made {
        0 => include_str!("../../../sql/identity/scim/users/update_membership.sql"),
        // One that was deleted took the places in groups along.
        _ => include_str!("../../../sql/identity/scim/users/rejoin_groups.sql"),
    };
    let values = if made == 0 { values } else { params![user, directory.organization] };
    engine.with(sql, |statement| Ok(statement.execute(values)?))?;
    Ok(())
}

/// The users that a query asks for.
pub(super) fn all(engine: &Engine, directory: &Directory, query: &Query) -> Outcome<Answer> {
    let with_groups = query.shows("groups");
    if query.is_plain() {
        let count = include_str!("../../../sql/identity/scim/users/count_users.sql");
        let total: u32 = engine.with(count, |statement| Ok(statement.query_row([&directory.id], |row| row.get(0))?))?;
        let mut shown = Vec::new();
        each(engine, USERS, params![directory.id, query.limit(), query.offset()], |user| {
            shown.push(query.project(user.resource(engine, with_groups)?));
            Ok(())
        })?;
        return Ok(list(total as usize, query.start, shown));
    }
    let asks_for_groups = query.asks_about("groups");
    let mut found = query.collect(ResourceKind::User);
    let take = |user: User| {
        let resource = user.resource(engine, asks_for_groups)?;
        found.offer(&resource, user);
        Ok(())
    };
    // Before a user is written, providers ask for it by one of these: each is one look-up.
    match (query.demands("id"), query.demands("userName"), query.demands("externalId")) {
        (Some(id), ..) => each(engine, include_str!("../../../sql/identity/scim/users/user.sql"), params![directory.id, id], take)?,
        (_, Some(name), _) => {
            each(engine, include_str!("../../../sql/identity/scim/users/user_by_username.sql"), params![directory.id, fold(name)], take)?;
        }
        (.., Some(id)) => {
            each(engine, include_str!("../../../sql/identity/scim/users/user_by_idp_id.sql"), params![directory.id, id], take)?
        }
        _ => each(engine, USERS, params![directory.id, -1, 0], take)?,
    }
    let (total, page) = found.page();
    let shown = page.into_iter().map(|user| Ok(query.project(user.resource(engine, with_groups)?)));
    Ok(list(total, query.start, shown.collect::<Result<_>>()?))
}

const USERS: &str = include_str!("../../../sql/identity/scim/users/users.sql");

fn each(engine: &Engine, sql: &'static str, values: &[&dyn ToSql], mut take: impl FnMut(User) -> Result<()>) -> Result<()> {
    engine.with(sql, |statement| {
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            take(User::of(row)?)?;
        }
        Ok(())
    })
}
