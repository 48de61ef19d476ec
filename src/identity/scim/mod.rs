//! `authz_scim`: a SCIM 2.0 service provider (RFC 7643, RFC 7644) without the HTTP.
//!
//! An identity provider keeps the users and groups of an organization; it sends each change as a request, and a web framework hands the
//! request in. What a request says is read and decided without SQLite, in [`request`]. [`users`] and [`groups`] keep it, and see to who is
//! who.

mod failure;
mod groups;
pub(crate) mod request;
mod users;

use std::rc::Rc;

use rusqlite::Connection;
use serde_json::Value;

use self::failure::{Failure, Outcome};
use self::request::answer::{Answer, Read, bad, list, refused};
use self::request::query::{self, Query};
use self::request::schemas::{self, ResourceKind};
use self::request::{patch, resource};
use crate::base::json;
use crate::identity::directories::{Directory, found};
use crate::identity::state::Identity;
use crate::outbox::call::as_one_call;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, identity: &Rc<Identity>) -> rusqlite::Result<()> {
    define(connection, identity, "authz_scim", 4..=4, Effect::Writes, answer)
}

/// `authz_scim(directory, method, path, body)` → the answer as JSON, `{"status": 201, "body": {…}}`; without a body where the answer has
/// none.
///
/// The path is what stands behind the base of the service, query and all: `/Users?filter=userName eq "ana@acme.com"`, percent-encoded
/// or not. The body is JSON text, or NULL. A request that is at fault is answered with an error in SCIM's form, and has changed nothing.
///
/// Refuses a directory that is not there, and what is not text. Whose directory it is must never be taken from the request's URL: see
/// `docs/directories.md`.
fn answer(identity: &Identity, call: &Arguments<'_>) -> Result<String> {
    let engine = &identity.engine;
    let directory = call.required_text(0, "directory")?;
    let (method, path) = (call.required_text(1, "method")?, call.required_text(2, "path")?);
    let body = call.text(3, "body")?;
    let directory = found(engine, directory)?;
    let answered = match directory.state.as_str() {
        "active" => route(identity, &directory, &method.to_ascii_uppercase(), path, body),
        state => Err(refused(403, format!("the directory is {state}")).into()),
    };
    match answered {
        Ok(answer) => Ok(answer.json()),
        Err(Failure::Refused(refusal)) => Ok(Answer::from(refusal).json()),
        Err(Failure::Internal(error)) => Err(error),
    }
}

fn route(identity: &Identity, directory: &Directory, method: &str, path: &str, body: Option<&str>) -> Outcome<Answer> {
    let engine = &identity.engine;
    let (segments, parameters) = query::split(path);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    // What frameworks leave of a base such as https://app.example/scim/v2.
    let segments = segments.strip_prefix(&["scim"]).unwrap_or(&segments);
    let segments = segments.strip_prefix(&["v2"]).unwrap_or(segments);
    let kind = segments.first().and_then(|first| {
        [ResourceKind::User, ResourceKind::Group].into_iter().find(|kind| kind.endpoint().strip_prefix('/') == Some(first))
    });
    match (kind, segments) {
        (Some(kind), [_]) => match method {
            "GET" => all(engine, directory, kind, &Query::read(parameters)?),
            "POST" => write(engine, || post(identity, directory, kind, &Query::read(parameters)?, read(body)?)),
            _ => Err(not_allowed(method)),
        },
        (Some(kind), [_, ".search"]) => match method {
            "POST" => all(engine, directory, kind, &Query::read_search(&read(body)?)?),
            _ => Err(not_allowed(method)),
        },
        (Some(kind), [_, id]) => {
            let query = Query::read(parameters)?;
            match method {
                "GET" => one(engine, directory, kind, id, &query),
                "PUT" => write(engine, || put(identity, directory, kind, id, &query, read(body)?)),
                "PATCH" => write(engine, || change(identity, directory, kind, id, &query, read(body)?)),
                "DELETE" => write(engine, || delete(engine, directory, kind, id)),
                _ => Err(not_allowed(method)),
            }
        }
        (None, ["ServiceProviderConfig" | "ServiceProviderConfigs"]) => {
            described(method, &parameters, || Ok(Answer::new(200, schemas::service_provider_config())))
        }
        (None, ["ResourceTypes"]) => described(method, &parameters, || Ok(whole(schemas::resource_types()))),
        (None, ["ResourceTypes", id]) => described(method, &parameters, || named(schemas::resource_types(), id)),
        (None, ["Schemas"]) => described(method, &parameters, || Ok(whole(schemas::schemas()))),
        (None, ["Schemas", id]) => described(method, &parameters, || named(schemas::schemas(), id)),
        (None, ["Me", ..]) => Err(refused(501, "a bearer token stands for a directory, and there is no user behind it").into()),
        (None, ["Bulk"]) => Err(refused(501, "bulk operations are not supported; send one request for each").into()),
        (None, [".search"]) => Err(refused(501, "users and groups are not searched together; search in `/Users` or in `/Groups`").into()),
        _ => Err(refused(
            404,
            "there is nothing here; the endpoints are `/Users`, `/Groups`, `/Schemas`, `/ResourceTypes` and `/ServiceProviderConfig`",
        )
        .into()),
    }
}

fn not_allowed(method: &str) -> Failure {
    refused(405, format!("`{}` is not supported here", resource::shown(method))).into()
}

/// What the service says of itself: it is read, and not filtered.
fn described(method: &str, parameters: &[(String, String)], answer: impl FnOnce() -> Outcome<Answer>) -> Outcome<Answer> {
    match method {
        "GET" if parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")) => {
            Err(refused(403, "what the service says of itself is not filtered").into())
        }
        "GET" => answer(),
        _ => Err(not_allowed(method)),
    }
}

fn whole(all: Vec<Value>) -> Answer {
    list(all.len(), 1, all)
}

fn named(all: Vec<Value>, id: &str) -> Outcome<Answer> {
    let is_meant = |one: &Value| one.get("id").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(id));
    match all.into_iter().find(is_meant) {
        Some(one) => Ok(Answer::new(200, one)),
        None => Err(refused(404, format!("there is no `{}`", resource::shown(id))).into()),
    }
}

/// The body of a request as JSON, in which nothing is given twice.
fn read(body: Option<&str>) -> Read<Value> {
    let Some(text) = body.filter(|text| !text.trim().is_empty()) else { return Err(bad("invalidSyntax", "the request has no body")) };
    json::values(text).map_err(|wrong| bad("invalidSyntax", format!("the body is not acceptable JSON: {wrong}")))
}

/// Does all of a request or nothing.
fn write(engine: &Engine, work: impl FnOnce() -> Outcome<Answer>) -> Outcome<Answer> {
    let mut refusal = None;
    let done = as_one_call(engine, || {
        work().map_err(|failure| match failure {
            Failure::Internal(error) => error,
            Failure::Refused(told) => {
                refusal = Some(told);
                Error::refused("the request is refused")
            }
        })
    });
    match refusal {
        Some(told) => Err(Failure::Refused(told)),
        None => Ok(done?),
    }
}

fn all(engine: &Engine, directory: &Directory, kind: ResourceKind, query: &Query) -> Outcome<Answer> {
    match kind {
        ResourceKind::User => users::all(engine, directory, query),
        ResourceKind::Group => groups::all(engine, directory, query),
    }
}

fn one(engine: &Engine, directory: &Directory, kind: ResourceKind, id: &str, query: &Query) -> Outcome<Answer> {
    let shown = match kind {
        ResourceKind::User => users::found(engine, directory, id)?.shown(engine, query)?,
        ResourceKind::Group => groups::found(engine, directory, id)?.shown(engine, query)?,
    };
    Ok(Answer::new(200, shown))
}

fn post(identity: &Identity, directory: &Directory, kind: ResourceKind, query: &Query, body: Value) -> Outcome<Answer> {
    let engine = &identity.engine;
    let given = resource::read(kind, body)?;
    let shown = match kind {
        ResourceKind::User => users::create(identity, directory, given)?.shown(engine, query)?,
        ResourceKind::Group => groups::create(engine, directory, given)?.shown(engine, query)?,
    };
    Ok(Answer::new(201, shown))
}

fn put(identity: &Identity, directory: &Directory, kind: ResourceKind, id: &str, query: &Query, body: Value) -> Outcome<Answer> {
    let engine = &identity.engine;
    let shown = match kind {
        ResourceKind::User => {
            let old = users::found(engine, directory, id)?;
            users::replace(identity, directory, old, resource::read(kind, body)?)?.shown(engine, query)?
        }
        ResourceKind::Group => {
            let old = groups::found(engine, directory, id)?;
            groups::replace(engine, directory, old, resource::read(kind, body)?)?.shown(engine, query)?
        }
    };
    Ok(Answer::new(200, shown))
}

/// A group is answered with only where attributes are asked for: its members may be many.
fn change(identity: &Identity, directory: &Directory, kind: ResourceKind, id: &str, query: &Query, body: Value) -> Outcome<Answer> {
    let engine = &identity.engine;
    match kind {
        ResourceKind::User => {
            let old = users::found(engine, directory, id)?;
            let mut given = old.raw.clone();
            for operation in patch::read(body)? {
                patch::apply(kind, &mut given, operation)?;
            }
            Ok(Answer::new(200, users::store(identity, directory, old, given)?.shown(engine, query)?))
        }
        ResourceKind::Group => {
            let old = groups::found(engine, directory, id)?;
            let new = groups::change(engine, directory, old, patch::read(body)?)?;
            match query.names_attributes() {
                true => Ok(Answer::new(200, new.shown(engine, query)?)),
                false => Ok(Answer::empty()),
            }
        }
    }
}

fn delete(engine: &Engine, directory: &Directory, kind: ResourceKind, id: &str) -> Outcome<Answer> {
    match kind {
        ResourceKind::User => users::remove(engine, &users::found(engine, directory, id)?)?,
        ResourceKind::Group => groups::remove(engine, &groups::found(engine, directory, id)?)?,
    }
    Ok(Answer::empty())
}
