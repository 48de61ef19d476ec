//! `authz_set_jwt_template`, `authz_render_jwt`, `authz_claims`: what an access token says about a user in an organization.
//!
//! The library makes the claims and leaves signing to the application. A template is parsed once on a connection and then kept by its text,
//! so that claims for many users cost one parse.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::attributes::holders::{definitions, stored_organization};
use super::attributes::values::Type;
use super::sessions::subject_of;
use super::state::Identity;
use super::template::Template;
use crate::base::identifier::Id;
use crate::base::json::quoted;
use crate::base::refusal::{nearest, shown};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::value::GivenId;

/// The most bytes that a template may render to, and that claims may have: what a token can hold of the four kilobytes of a cookie.
const MAX_BYTES: usize = 3072;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    define(connection, identity, "authz_set_jwt_template", 1..=1, Effect::Writes, set)?;
    define(connection, identity, "authz_render_jwt", 3..=3, Effect::Reads, preview)?;
    define(connection, identity, "authz_claims", 2..=3, Effect::Reads, claims)
}

/// Refuses a template that names attributes which memberships do not show, or puts one that is an object or array into a string.
fn check_attributes(engine: &Engine, template: &Template) -> Result<()> {
    let named = template.attributes();
    if named.is_empty() {
        return Ok(());
    }
    let known = definitions(engine)?;
    for (name, place, in_text) in named {
        match known.iter().find(|definition| definition.shown && definition.name == name) {
            None => {
                let shown_ones = known.iter().filter(|definition| definition.shown).map(|definition| definition.name.as_str());
                let near = match nearest(name, shown_ones) {
                    near if near.is_empty() => "; define it first with authz_define_attribute".to_owned(),
                    near => near,
                };
                return Err(place.refused(format!("unknown path, there is no attribute {}{near}", quoted(name))).into());
            }
            Some(definition) if in_text && matches!(definition.kind, Type::Object | Type::Array) => {
                let kind = if definition.kind == Type::Object { "an object" } else { "an array" };
                return Err(place.refused(format!("here is {kind} inside a string; write the expression outside quotation marks")).into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// `authz_set_jwt_template(text)` → 1 if something changed, else 0.
///
/// Sets the template whose keys `authz_claims` adds; NULL or an empty text takes it back.
///
/// Refuses, with line and column, what is no template: see `docs/attributes.md`.
fn set(identity: &Identity, call: &Arguments<'_>) -> Result<i64> {
    let engine = &identity.engine;
    let text = call.text(0, "template")?.filter(|text| !text.is_empty());
    engine.atomically(|| {
        if let Some(text) = text {
            check_attributes(engine, &*identity.template(text)?)?;
        }
        let changed = match text {
            Some(text) => {
                engine.with(include_str!("../../sql/identity/claims/set_template.sql"), |statement| Ok(statement.execute([text])?))?
            }
            None => engine.with(include_str!("../../sql/identity/claims/delete_template.sql"), |statement| Ok(statement.execute([])?))?,
        };
        Ok(i64::from(changed > 0))
    })
}

/// `authz_render_jwt(text, user, organization)` → JSON: the keys that this template gives for the user, as a preview.
///
/// Refuses what `authz_set_jwt_template` and `authz_claims` refuse.
fn preview(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let template = identity.template(call.required_text(0, "template")?)?;
    check_attributes(engine, &template)?;
    let (user, organization) = (call.required_text(1, "user")?, call.required_id(2, "organization")?);
    engine.in_one_state(|| {
        let member = Member::find(identity, user, &organization)?;
        let roots = member.roots(engine, &template)?;
        let keys = template.render(&roots)?;
        whole("the rendered template", keys.into_iter().map(|(key, json)| (key.to_owned(), json)).collect())
    })
}

/// `authz_claims(user, organization [, session_id])` → JSON: `sub` (the user), `sid` (the session, where one is named), `org_id`, `role` (the
/// first of the roles), `roles` (held on the organization, through groups as well, in their order), `permissions` (those of these
/// roles), and the keys of the template.
///
/// Refuses whoever has no active membership of the organization, a session that is not live or is not of this user there, a template
/// that cannot be rendered, and claims of more than 3,072 bytes: the error tells which keys take the room.
fn claims(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let (user, organization) = (call.required_text(0, "user")?, call.required_id(1, "organization")?);
    let session = call.text(2, "session")?;
    engine.in_one_state(|| {
        let member = Member::find(identity, user, &organization)?;
        if let Some(session) = session
            && subject_of(identity, session, Some(Id::stored((&member.organization).into()).as_ref()))? != Some(format!("user:{user}"))
        {
            return Err(Error::refused(format!(
                "the session {} is not a live session of `{}` in that organization; start one or leave it out",
                quoted(session),
                shown(user)
            )));
        }
        let mut all = vec![("sub".to_owned(), json!(user).to_string())];
        if let Some(session) = session {
            all.push(("sid".to_owned(), json!(session).to_string()));
        }
        let roles = member.roles.iter().map(|role| role.slug.as_str());
        all.push(("org_id".to_owned(), json!(member.id).to_string()));
        all.push(("role".to_owned(), json!(roles.clone().next()).to_string()));
        all.push(("roles".to_owned(), json!(roles.collect::<Vec<_>>()).to_string()));
        all.push(("permissions".to_owned(), json!(member.permissions(engine)?).to_string()));
        let text: Option<String> = engine.with(include_str!("../../sql/identity/claims/template.sql"), |statement| {
            Ok(statement.query_row([], |row| row.get(0)).optional()?)
        })?;
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let template = identity.template(&text)?;
            let roots = member.roots(engine, &template)?;
            let keys = template.render(&roots)?;
            all.extend(keys.into_iter().map(|(key, json)| (key.to_owned(), json)));
        }
        whole("the claims", all)
    })
}

/// The object with these keys, or a refusal that says which of them take the room.
fn whole(what: &str, keys: Vec<(String, String)>) -> Result<String> {
    let mut parts: Vec<(String, String)> = keys
        .into_iter()
        .map(|(key, value)| {
            let part = format!("{}:{value}", json!(key));
            (key, part)
        })
        .collect();
    // With the braces and the commas between.
    let length = parts.iter().map(|(_, part)| part.len() + 1).sum::<usize>() + 1;
    if length.max(2) <= MAX_BYTES {
        let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
        return Ok(format!("{{{}}}", parts.join(",")));
    }
    parts.sort_by_key(|(_, part)| std::cmp::Reverse(part.len()));
    let largest: Vec<String> =
        parts.iter().take(3).map(|(key, part)| format!("`{}` ({} bytes)", shown(&key.escape_debug().to_string()), part.len())).collect();
    Err(Error::refused(format!(
        "{what} would have {length} bytes, and may have {MAX_BYTES}; most of the room is taken by {}; leave something out",
        largest.join(", ")
    )))
}

/// An active membership.
struct Member<'a> {
    user: &'a str,
    /// The organization, its id as it is stored
    organization: Cell,
    /// The same as a text
    id: String,
    /// Held on the organization, in their order
    roles: Vec<Role>,
}

/// A role that is held on an organization. Ordered as roles are shown.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Role {
    priority: Option<i64>,
    slug: String,
    is_of_organization: bool,
}

impl<'a> Member<'a> {
    /// The active membership of a user in an organization.
    fn find(identity: &Identity, user: &'a str, organization: &GivenId<'_>) -> Result<Member<'a>> {
        let engine = &identity.engine;
        let stored = stored_organization(engine, organization.id())?;
        let status: Option<String> = engine.with(include_str!("../../sql/identity/claims/status.sql"), |statement| {
            Ok(statement.query_row(params![user, stored], |row| row.get(0)).optional()?)
        })?;
        match status.as_deref() {
            Some("active") => {
                let roles = roles(identity, user, &stored)?;
                Ok(Member { user, organization: stored, id: organization.text().into_owned(), roles })
            }
            Some(status) => {
                Err(Error::refused(format!("the membership of {} is {status}; nobody gets a token without an active one", quoted(user))))
            }
            None => Err(Error::refused(format!(
                "{} has no membership of the organization `{}`; nobody gets a token without an active one",
                quoted(user),
                shown(&organization.text())
            ))),
        }
    }

    /// The permissions of the roles.
    fn permissions(&self, engine: &Engine) -> Result<BTreeSet<String>> {
        let mut all = BTreeSet::new();
        for role in &self.roles {
            let of = if role.is_of_organization { &self.organization } else { &Cell::Null };
            all.extend(engine.strings(include_str!("../../sql/manage/roles/permissions.sql"), params![role.slug, of])?);
        }
        Ok(all)
    }

    /// What a template can name.
    fn roots(&self, engine: &Engine, template: &Template) -> Result<Value> {
        let slugs: Vec<Value> = self.roles.iter().map(|role| json!({"slug": role.slug})).collect();
        let (user, mut organization, membership) = engine.with(include_str!("../../sql/identity/claims/member.sql"), |statement| {
            Ok(statement.query_row(params![self.user, self.organization], |row| {
                let user = json!({
                    "id": self.user,
                    "email": row.get::<_, Option<String>>("email")?,
                    "email_verified": false,
                    "first_name": row.get::<_, Option<String>>("first_name")?,
                    "last_name": row.get::<_, Option<String>>("last_name")?,
                    "profile_picture_url": null,
                    "last_sign_in_at": null,
                    "external_id": row.get::<_, Option<String>>("user_external_id")?,
                    "metadata": object(&row.get::<_, String>("user_metadata")?),
                    "created_at": row.get::<_, String>("user_created_at")?,
                    "updated_at": row.get::<_, String>("user_updated_at")?,
                });
                let organization = json!({
                    "id": self.id,
                    "name": row.get::<_, Option<String>>("name")?.as_ref().unwrap_or(&self.id),
                    "description": row.get::<_, Option<String>>("description")?,
                    "external_id": row.get::<_, Option<String>>("organization_external_id")?,
                    "metadata": object(&row.get::<_, String>("organization_metadata")?),
                    "created_at": row.get::<_, String>("organization_created_at")?,
                    "updated_at": row.get::<_, String>("organization_updated_at")?,
                });
                let membership = json!({
                    "id": row.get::<_, String>("id")?,
                    "user_id": self.user,
                    "organization_id": self.id,
                    "status": "active",
                    "role": slugs.first(),
                    "roles": slugs,
                    "custom_attributes": object(&row.get::<_, String>("custom_attributes")?),
                    "directory_managed": row.get::<_, bool>("directory_managed")?,
                    "created_at": row.get::<_, String>("created_at")?,
                    "updated_at": row.get::<_, String>("updated_at")?,
                });
                Ok((user, organization, membership))
            })?)
        })?;
        if template.reads_domains()
            && let Some(members) = organization.as_object_mut()
        {
            members.insert("domains".to_owned(), domains(engine, &self.organization, &self.id)?);
        }
        let roots = [("user", user), ("organization", organization), ("organization_membership", membership)];
        Ok(Value::Object(roots.into_iter().map(|(name, object)| (name.to_owned(), object)).collect()))
    }
}

/// The roles that a user holds on an organization, also through groups, in the order in which they are shown.
fn roles(identity: &Identity, user: &str, organization: &Cell) -> Result<Vec<Role>> {
    let engine = &identity.engine;
    let mut held = BTreeSet::new();
    let mut holders = vec![format!("user:{user}")];
    let mut seen: HashSet<String> = holders.iter().cloned().collect();
    while let Some(holder) = holders.pop() {
        engine.with(include_str!("../../sql/identity/claims/roles.sql"), |statement| {
            let rows = statement.query_map(params![holder, organization, identity.clock.text()], |row| {
                Ok(Role { slug: row.get(0)?, is_of_organization: row.get(1)?, priority: row.get(2)? })
            })?;
            for role in rows {
                held.insert(role?);
            }
            Ok(())
        })?;
        for group in engine.strings(include_str!("../../sql/facts/gather/groups_of.sql"), params![holder])? {
            let group = format!("group:{group}");
            if seen.insert(group.clone()) {
                holders.push(group);
            }
        }
    }
    Ok(held.into_iter().collect())
}

fn domains(engine: &Engine, organization: &Cell, id: &str) -> Result<Value> {
    engine.with(include_str!("../../sql/identity/claims/domains.sql"), |statement| {
        let rows = statement.query_map([organization], |row| {
            Ok(json!({"domain": row.get::<_, String>(0)?, "state": row.get::<_, String>(1)?, "organization_id": id}))
        })?;
        Ok(Value::Array(rows.collect::<rusqlite::Result<_>>()?))
    })
}

/// A JSON object that is stored as text; an empty one where it is none.
fn object(text: &str) -> Value {
    serde_json::from_str::<Map<String, Value>>(text).map_or_else(|_| json!({}), Value::Object)
}
