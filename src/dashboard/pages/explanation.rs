//! An explanation drawn: the way that a yes came, or what was looked at for a no and what would do.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};
use serde_json::Value as Json;

use crate::dashboard::file::{row, text};
use crate::dashboard::page::View;
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{href, resource, role, shown, subject, time};

/// What `authz_explain` answered, as HTML.
pub(crate) fn draw(view: &View<'_>, answer: &str) -> Result<Markup, Problem> {
    let Ok(answer) = serde_json::from_str::<Json>(answer) else {
        // Too deep to be read back.
        return Ok(html! { pre { (shown(answer)) } });
    };
    let allowed = answer.get("allowed").and_then(Json::as_bool).unwrap_or(false);
    let who = word(&answer, "/subject");
    Ok(html! {
        .verdict.yes[allowed].no[!allowed] role="status" {
            strong { @if allowed { "Yes" } @else { "No" } }
            " " (subject(&who)) " " @if allowed { "has " } @else { "lacks " } (shown(&word(&answer, "/permission"))) " on "
            (place(view, answer.pointer("/resource"))?)
        }
        @if let Some(reason) = answer.get("reason").and_then(Json::as_str) { p { "Because " (shown(reason)) "." } }
        @if let Some(because) = answer.get("because") { (way(view, &who, because)?) }
        @if answer.get("looked_at").is_some() { (looked_at(view, &answer)?) }
        @if let Some(tree) = answer.get("tree") { h2 { "By relations" } ul.tree { (branch(view, tree)?) } }
    })
}

/// The path from the subject by its groups and the role to the resource.
fn way(view: &View<'_>, who: &str, because: &Json) -> Result<Markup, Problem> {
    let held_on = because.pointer("/held_on");
    let path = items(because, "/path");
    let mut below = Vec::new();
    for one in path.iter().skip(1) {
        below.push(place(view, Some(one))?);
    }
    Ok(html! {
        ol.way {
            li { span.step { "subject" } (subject(who)) }
            @for group in items(because, "/groups") { li { span.step { "is in" } (subject(group.as_str().unwrap_or_default())) } }
            li {
                span.step { "holds" }
                span { (role(&word(because, "/role"), &Value::Null)) " on " (place(view, held_on)?)
                    @if let Some(until) = because.pointer("/assignment/expires_at").and_then(Json::as_str) { " until " (time(until)) }
                    @if because.pointer("/assignment/source").and_then(Json::as_str) != Some("direct") {
                        " "
                        span.badge { (shown(&word(because, "/assignment/source"))) }
                    }
                }
            }
            @for one in &below { li { span.step { "which holds" } (one) } }
        }
    })
}

/// Upwards from the resource: which roles are held there, and which would do.
fn looked_at(view: &View<'_>, answer: &Json) -> Result<Markup, Problem> {
    let who = word(answer, "/subject");
    let mut steps = Vec::new();
    for step in items(answer, "/looked_at/resources") {
        let here = step.pointer("/resource");
        let wanted = items(answer, "/missing").iter().find(|missing| missing.get("on") == here);
        steps.push((place(view, here)?, here, items(step, "/roles_held"), wanted.map_or(&[][..], |wanted| items(wanted, "/any_of_roles"))));
    }
    let groups = items(answer, "/looked_at/groups");
    Ok(html! {
        @if !groups.is_empty() {
            p {
                "Looked at for the subject and its groups: "
                @for (at, group) in groups.iter().enumerate() { @if at > 0 { ", " } (subject(group.as_str().unwrap_or_default())) }
            }
        }
        .scroll tabindex="0" role="region" aria-label="Table: What was looked at" {
            table {
                thead { tr { th scope="col" { "On" } th scope="col" { "Held there" } th scope="col" { "Would do" } } }
                tbody {
                    @for (name, here, held, wanted) in &steps {
                        tr {
                            td { (name) }
                            td {
                                @if held.is_empty() { span.muted { "no role" } }
                                @for one in *held {
                                    div {
                                        (role(&word(one, "/role"), &Value::Null))
                                        @if word(one, "/subject") != who { " by " (subject(&word(one, "/subject"))) }
                                        @if let Some(at) = one.get("expired_at").and_then(Json::as_str) {
                                            " "
                                            span.bad { "expired " (time(at)) }
                                        }
                                    }
                                }
                            }
                            td {
                                @for slug in wanted.iter().filter_map(Json::as_str) {
                                    @let on = here.map_or(Value::Null, |here| id(here.get("id")));
                                    @let of = here.map(|here| word(here, "/type")).unwrap_or_default();
                                    div {
                                        (role(slug, &Value::Null))
                                        @if view.writable() {
                                            " "
                                            a.small href=(grant_href(view, &who, slug, &of, &text(&on))) {
                                                "grant …"
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// The form that grants a role, and leads back here.
fn grant_href(view: &View<'_>, who: &str, slug: &str, of: &str, id: &str) -> String {
    href("grant", &[("subject", who), ("role", slug), ("type", of), ("id", id), ("from", &view.here)])
}

/// A part of the tree of relations, and what lies below it.
fn branch(view: &View<'_>, part: &Json) -> Result<Markup, Problem> {
    let Some(fields) = part.as_object() else { return Ok(html! {}) };
    let mut lines = Vec::new();
    for (field, value) in fields {
        let words = match field.as_str() {
            "relation" | "resource" | "holds" | "rule" => continue,
            other => other.replace('_', " "),
        };
        lines.push(match value {
            Json::Null => html! { li { (words) ": " span.muted { "none" } } },
            Json::Bool(_) => html! { li { (words) } },
            Json::Array(parts) => {
                let mut below = Vec::new();
                for part in parts {
                    below.push(branch(view, part)?);
                }
                html! { li { (words) ul { @for one in &below { (one) } } } }
            }
            Json::Object(inner) if inner.contains_key("type") && inner.contains_key("id") => {
                html! { li { (words) ": " (place(view, Some(value))?) } }
            }
            Json::Object(_) => html! { li { (words) ul { (branch(view, value)?) } } },
            Json::String(text) if text.contains(':') && !text.contains(' ') => html! { li { (words) ": " (subject(text)) } },
            other => html! { li { (words) ": " (shown(other.as_str().unwrap_or(&other.to_string()))) } },
        });
    }
    let Some(relation) = fields.get("relation") else { return Ok(html! { @for line in &lines { (line) } }) };
    let holds = fields.get("holds").and_then(Json::as_bool).unwrap_or(false);
    Ok(html! {
        li {
            span.yes[holds].no[!holds] { @if holds { "✓ " } @else { "✗ " } }
            strong { (shown(relation.as_str().unwrap_or_default())) } " on " (place(view, fields.get("resource"))?)
            @if let Some(rule) = fields.get("rule").and_then(Json::as_str) { " " code { (shown(rule)) } }
            ul { @for line in &lines { (line) } }
        }
    })
}

fn items<'a>(value: &'a Json, pointer: &str) -> &'a [Json] {
    value.pointer(pointer).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn word(value: &Json, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// An id out of JSON.
pub(crate) fn id(value: Option<&Json>) -> Value {
    match value {
        Some(Json::String(text)) => Value::Text(text.clone()),
        Some(other) => other.as_i64().map_or(Value::Null, Value::Integer),
        None => Value::Null,
    }
}

/// A resource with its name.
fn place(view: &View<'_>, of: Option<&Json>) -> Result<Markup, Problem> {
    let Some(of) = of else { return Ok(html! {}) };
    let (resource_type, id) = (word(of, "/type"), id(of.get("id")));
    let name = row(view.connection, include_str!("../../../sql/dashboard/name.sql"), params![resource_type, id], |row| {
        row.get::<_, Option<String>>(0)
    })?;
    Ok(resource(&resource_type, &id, name.flatten().as_deref()))
}
