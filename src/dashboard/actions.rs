//! What changes something. Each action is one call of a public function, so it happens whole or not at all, meets the same refusals as
//! any program's call, and leaves its event, which names the dashboard as the source.

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, Params, params};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

use super::file::{as_integer, row, text, value};
use super::layout::refused_change;
use super::page::Fields;
use super::pages::PAGES;
use super::problem::Problem;
use super::site::Site;
use super::words::href;

/// What came of an action: whether anything changed, and where to go if not back.
struct Done {
    changed: bool,
    to: Option<String>,
}

type Change = fn(&Connection, &Fields) -> Result<Done, Problem>;

const ACTIONS: [(&str, Change); 21] = [
    ("grant", grant),
    ("revoke", revoke),
    ("relate", relate),
    ("unrelate", unrelate),
    ("add-member", add_member),
    ("remove-member", remove_member),
    ("put-resource", put_resource),
    ("remove-resource", remove_resource),
    ("create-role", create_role),
    ("update-role", update_role),
    ("delete-role", delete_role),
    ("set-default-role", set_default_role),
    ("raise-role", raise_role),
    ("toggle-permission", toggle_permission),
    ("add-permission", add_permission),
    ("create-permission", create_permission),
    ("update-permission", update_permission),
    ("delete-permission", delete_permission),
    ("revoke-session", revoke_session),
    ("index-search", index_search),
    ("prune-events", prune_events),
];

/// Runs an action and leads back to the page it came from.
pub(crate) fn run(site: &Site, name: &str, form: &[u8]) -> Response {
    let fields = Fields(form_urlencoded::parse(form).into_owned().collect());
    let Some((_, change)) = ACTIONS.iter().find(|(action, _)| *action == name) else {
        return refused_change(site, &Problem::missing("there is no such action"));
    };
    match site.file.change(|connection| change(connection, &fields)) {
        Ok(done) => {
            let to = done.to.unwrap_or_else(|| back(&fields));
            let (page, place) = to.split_once('#').map_or((to.as_str(), ""), |(page, place)| (page, place));
            let mark = if page.contains('?') { '&' } else { '?' };
            let said = if done.changed { "changed" } else { "unchanged" };
            let place = if place.is_empty() { String::new() } else { format!("#{place}") };
            let location = HeaderValue::try_from(format!("{page}{mark}done={said}{place}")).unwrap_or(HeaderValue::from_static("overview"));
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
        }
        Err(found) => refused_change(site, &found),
    }
}

/// The page that the form came from: one of ours, never another address.
fn back(fields: &Fields) -> String {
    let given = fields.get("back").unwrap_or_default();
    let page = given.split(['?', '#']).next().unwrap_or_default();
    match PAGES.iter().any(|(known, _)| *known == page) {
        true => given.to_owned(),
        false => "overview".to_owned(),
    }
}

impl Fields {
    fn required(&self, name: &str, what: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::refused(format!("the {what} is empty; give one")))
    }

    /// An id as it was typed: where it is a number it is one, so that a resource is registered with the type a person means.
    fn id(&self, name: &str) -> Option<Value> {
        self.get(name).map(|id| match as_integer(id) {
            Value::Null => Value::Text(id.to_owned()),
            number => number,
        })
    }

    /// The fields of an object that are there, under the names that JSON has for them; an empty name is no name.
    fn object(&self, names: &[(&str, &str)]) -> String {
        let member = |(field, name): &(&str, &str)| match (self.get(field), *name) {
            (Some(text), _) => Some(((*name).to_owned(), Json::from(text))),
            (None, "name" | "description") => Some(((*name).to_owned(), Json::Null)),
            (None, _) => None,
        };
        Json::Object(names.iter().filter_map(member).collect::<Map<_, _>>()).to_string()
    }

    /// The organization that a form names, as its id is stored.
    fn organization(&self, connection: &Connection) -> Result<Value, Problem> {
        let Some(given) = self.get("organization") else { return Ok(Value::Null) };
        stored(connection, given)
    }
}

fn stored(connection: &Connection, organization: &str) -> Result<Value, Problem> {
    if organization.is_empty() {
        return Ok(Value::Null);
    }
    let sql = include_str!("../../sql/dashboard/find_resource.sql");
    let found = row(connection, sql, params!["organization", organization, as_integer(organization)], |row| row.get(0))?;
    found.ok_or_else(|| Problem::refused(format!("no organization `{organization}` is registered")))
}

/// A call that answers whether it changed something.
fn call(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Done, Problem> {
    let changed: i64 = value(connection, sql, parameters)?;
    Ok(Done { changed: changed > 0, to: None })
}

/// A call that answers with the object it has written.
fn write(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Json, Problem> {
    let answer: String = value(connection, sql, parameters)?;
    serde_json::from_str(&answer).map_err(|error| Problem::broken(error.to_string()))
}

const CHANGED: Done = Done { changed: true, to: None };

fn subject(fields: &Fields) -> Result<&str, Problem> {
    fields.required("subject", "subject")
}

fn grant(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (role, of, id) = (fields.required("role", "role")?, fields.required("type", "type")?, fields.id("id"));
    // A field for dates and times gives the time without its zone, and without seconds where they are 0.
    let until = fields.get("expires_at").map(|at| match at.len() {
        16 => format!("{at}:00Z"),
        19 => format!("{at}Z"),
        _ => at.to_owned(),
    });
    call(connection, "SELECT authz_grant(?1, ?2, ?3, ?4, ?5)", params![subject(fields)?, role, of, id, until])
}

fn revoke(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (role, of) = (fields.required("role", "role")?, fields.required("type", "type")?);
    call(connection, "SELECT authz_revoke(?1, ?2, ?3, ?4)", params![subject(fields)?, role, of, fields.id("id")])
}

fn relate(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (relation, of) = (fields.required("relation", "relation")?, fields.required("type", "type")?);
    call(connection, "SELECT authz_relate(?1, ?2, ?3, ?4)", params![subject(fields)?, relation, of, fields.id("id")])
}

fn unrelate(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (relation, of) = (fields.required("relation", "relation")?, fields.required("type", "type")?);
    call(connection, "SELECT authz_unrelate(?1, ?2, ?3, ?4)", params![subject(fields)?, relation, of, fields.id("id")])
}

fn add_member(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (group, member) = (fields.required("group", "group")?, fields.required("member", "member")?);
    call(connection, "SELECT authz_add_member(?1, ?2)", params![group, member])
}

fn remove_member(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (group, member) = (fields.required("group", "group")?, fields.required("member", "member")?);
    call(connection, "SELECT authz_remove_member(?1, ?2)", params![group, member])
}

fn put_resource(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (of, id) = (fields.required("type", "type")?, fields.id("id"));
    if id.is_none() {
        return Err(Problem::refused("the id is empty; give one"));
    }
    let sql = "SELECT authz_put_resource(?1, ?2, ?3, ?4, ?5)";
    call(connection, sql, params![of, id, fields.get("parent_type"), fields.id("parent_id"), fields.get("name")])
}

fn remove_resource(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (of, id) = (fields.required("type", "type")?, fields.id("id"));
    match fields.get("cascade") {
        Some(_) => call(connection, "SELECT authz_remove_resource(?1, ?2, 'cascade')", params![of, id]),
        None => call(connection, "SELECT authz_remove_resource(?1, ?2)", params![of, id]),
    }
}

fn create_role(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let object = fields.object(&[("slug", "slug"), ("name", "name"), ("description", "description"), ("type", "resource_type_slug")]);
    let of = fields.organization(connection)?;
    let role = write(connection, "SELECT authz_create_role(?1, ?2)", params![object, of])?;
    let slug = role.get("slug").and_then(Json::as_str).unwrap_or_default();
    Ok(Done { changed: true, to: Some(href("role", &[("slug", slug), ("organization", &text(&of))])) })
}

fn update_role(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let object = fields.object(&[("name", "name"), ("description", "description")]);
    let of = fields.organization(connection)?;
    write(connection, "SELECT authz_update_role(?1, ?2, ?3)", params![fields.required("role", "role")?, object, of])?;
    Ok(CHANGED)
}

fn delete_role(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let of = fields.organization(connection)?;
    let (role, replacement) = (fields.required("role", "role")?, fields.get("replacement"));
    write(connection, "SELECT authz_delete_role(?1, ?2, ?3)", params![role, of, replacement])?;
    Ok(CHANGED)
}

fn set_default_role(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    write(connection, "SELECT authz_set_default_role(?1)", params![fields.required("role", "role")?])?;
    Ok(CHANGED)
}

fn raise_role(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let first = json!([fields.required("role", "role")?]).to_string();
    write(connection, "SELECT authz_set_role_order(?1)", params![first])?;
    Ok(CHANGED)
}

/// A cell of the matrix: `give` or `take`, role, permission and organization, with a space between.
fn toggle_permission(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let change: Vec<&str> = fields.required("change", "change")?.split(' ').collect();
    let (verb, role, permission, of) = match change.as_slice() {
        [verb, role, permission] => (*verb, role, permission, ""),
        [verb, role, permission, of] => (*verb, role, permission, *of),
        _ => return Err(Problem::refused("the change names no role and permission")),
    };
    let of = stored(connection, of)?;
    match verb {
        "give" => write(connection, "SELECT authz_add_role_permission(?1, ?2, ?3)", params![role, permission, of])?,
        _ => write(connection, "SELECT authz_remove_role_permission(?1, ?2, ?3)", params![role, permission, of])?,
    };
    Ok(CHANGED)
}

fn add_permission(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let (role, permission) = (fields.required("role", "role")?, fields.required("permission", "permission")?);
    let of = fields.organization(connection)?;
    write(connection, "SELECT authz_add_role_permission(?1, ?2, ?3)", params![role, permission, of])?;
    Ok(CHANGED)
}

fn create_permission(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let object = fields.object(&[("slug", "slug"), ("name", "name"), ("description", "description"), ("type", "resource_type_slug")]);
    let permission = write(connection, "SELECT authz_create_permission(?1)", params![object])?;
    let slug = permission.get("slug").and_then(Json::as_str).unwrap_or_default();
    Ok(Done { changed: true, to: Some(href("permission", &[("slug", slug)])) })
}

fn update_permission(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    let object = fields.object(&[("name", "name"), ("description", "description")]);
    write(connection, "SELECT authz_update_permission(?1, ?2)", params![fields.required("permission", "permission")?, object])?;
    Ok(CHANGED)
}

fn delete_permission(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    write(connection, "SELECT authz_delete_permission(?1)", params![fields.required("permission", "permission")?])?;
    Ok(CHANGED)
}

fn revoke_session(connection: &Connection, fields: &Fields) -> Result<Done, Problem> {
    call(connection, "SELECT authz_session_revoke(?1)", [fields.required("session", "session")?])
}

fn index_search(connection: &Connection, _: &Fields) -> Result<Done, Problem> {
    call(connection, "SELECT authz_index_search()", [])
}

fn prune_events(connection: &Connection, _: &Fields) -> Result<Done, Problem> {
    call(connection, "SELECT authz_prune_events()", [])
}
