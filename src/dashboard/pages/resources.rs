//! Resources: the tree, opened level by level, and the page of each.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};

use super::lookup::{Resource, find, now};
use super::{access, assignments, events};
use crate::dashboard::file::{as_integer, rows, text, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_IDS, BEFORE_TEXTS, PAGE, back, button, choice, cursor, cut, expiry, field, folded, href, none, pager, permission, plain,
    resource, resource_href, shown, subject, time, uncursor,
};

/// How many rows a list shows at once that is one among others.
const FEW: usize = 20;

/// A resource as the tree shows it.
struct Node {
    resource_type: String,
    id: Value,
    name: Option<String>,
    has_children: bool,
    has_assignments: bool,
}

fn node(row: &authz::rusqlite::Row<'_>) -> authz::rusqlite::Result<Node> {
    Ok(Node { resource_type: row.get(0)?, id: row.get(1)?, name: row.get(2)?, has_children: row.get(3)?, has_assignments: row.get(4)? })
}

/// The top of the tree.
pub(crate) fn roots(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let types = rows(connection, include_str!("../../../sql/dashboard/root_types.sql"), [], |row| row.get::<_, String>(0))?;
    let all_types = rows(connection, include_str!("../../../sql/dashboard/types.sql"), [], |row| row.get::<_, String>(0))?;
    // A link that names a type that lies in others leads to its first ones.
    let wanted = view.get("root");
    let [from_type, from_id] = uncursor(view.get("after"), [BEFORE_TEXTS, BEFORE_IDS]);
    let from_type = text(&from_type);
    let mut nodes = Vec::new();
    for slug in types.iter().filter(|slug| wanted.is_none_or(|wanted| wanted == *slug) && **slug >= from_type) {
        let after = if *slug == from_type { from_id.clone() } else { BEFORE_IDS };
        let left = (PAGE + 1).saturating_sub(nodes.len());
        nodes.extend(rows(connection, include_str!("../../../sql/dashboard/roots.sql"), params![slug, after, left as i64], node)?);
    }
    if let Some(slug) = wanted.filter(|wanted| !types.iter().any(|slug| slug == wanted)) {
        let after = if slug == from_type { from_id } else { BEFORE_IDS };
        nodes = rows(connection, include_str!("../../../sql/dashboard/of_type.sql"), params![slug, after, PAGE as i64 + 1], node)?;
    }
    let more = cut(&mut nodes);
    let next = if more { nodes.last().map(|last| cursor(&[&Value::Text(last.resource_type.clone()), &last.id])) } else { None };
    let body = html! {
        h1 { "Resources" }
        form.fields method="get" action="resources" {
            (choice("Begin with", "root", view.text("root"), Some("the top of the tree"), &all_types))
            button type="submit" { "Show" }
        }
        @if nodes.is_empty() { (none("There is no resource yet.")) }
        ul.tree #tree { @for node in &nodes { (branch(node)) } }
        (pager(view, "resources", &["root"], "after", next.as_deref()))
        (add_form(view, None, &types)?)
    };
    Page::new("Resources", "resources", body)
}

/// A resource in the tree. The script shows the button, and fetches what lies in the resource when it is pressed.
fn branch(node: &Node) -> Markup {
    let id = text(&node.id);
    let parts = href("children", &[("type", &node.resource_type), ("id", &id)]);
    let label = format!("What lies in {}", plain(node.name.as_deref().unwrap_or(&id)));
    html! {
        li {
            @if node.has_children { button.twist type="button" hidden aria-expanded="false" aria-label=(label) data-children=(parts) {} }
            (resource(&node.resource_type, &node.id, node.name.as_deref()))
            @if node.has_assignments { " " span.badge { "roles held" } }
        }
    }
}

/// The children of a resource as branches of the tree: a part of a page.
pub(crate) fn children(view: &View<'_>) -> Result<Page, Problem> {
    let (of, id) = (view.text("type"), view.text("id"));
    let Some(parent) = find(view, of, id)? else { return Err(Problem::missing("the resource is gone")) };
    let (nodes, next) = children_of(view, &parent)?;
    Ok(Page::Part(html! {
        ul.tree {
            @for node in &nodes { (branch(node)) }
            @if let Some(next) = next {
                li { a.more href=(href("children", &[("type", of), ("id", id), ("children", &next)])) data-more { "More …" } }
            }
        }
    }))
}

fn children_of(view: &View<'_>, parent: &Resource) -> Result<(Vec<Node>, Option<String>), Problem> {
    let [of, id] = uncursor(view.get("children"), [BEFORE_TEXTS, BEFORE_IDS]);
    let limit = PAGE as i64 + 1;
    let sql = include_str!("../../../sql/dashboard/children.sql");
    let mut nodes = rows(view.connection, sql, params![parent.resource_type, parent.id, of, id, limit], node)?;
    let more = cut(&mut nodes);
    let next = if more { nodes.last().map(|last| cursor(&[&Value::Text(last.resource_type.clone()), &last.id])) } else { None };
    Ok((nodes, next))
}

/// The page of a resource.
pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let (of, id) = (view.text("type"), view.text("id"));
    let Some(here) = find(view, of, id)? else {
        return unregistered(view, of, id);
    };
    let connection = view.connection;
    let path = rows(connection, include_str!("../../../sql/dashboard/ancestors.sql"), params![of, here.id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Value>(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, i64>(3)?))
    })?;
    let above = path.iter().filter(|(.., depth)| *depth > 0);
    let (nodes, next) = children_of(view, &here)?;
    let id = text(&here.id);
    let title = here.name.clone().unwrap_or_else(|| id.clone());
    let body = html! {
        nav.crumbs aria-label="Where it lies" {
            ol {
                @for (at, (of, id, name, depth)) in above.enumerate() {
                    @let left_out = at.checked_sub(1).and_then(|before| path.get(before)).map_or(0, |(.., before)| before - depth - 1);
                    @if left_out > 0 { li { span.muted { (left_out) " more …" } } }
                    li { (resource(of, id, name.as_deref())) }
                }
            }
        }
        h1 { (shown(&title)) }
        dl.facts {
            dt { "Type" } dd { (shown(of)) }
            dt { "Id" } dd { code { (shown(&id)) } }
            @if let Some(description) = &here.description { dt { "Description" } dd { (shown(description)) } }
            dt { "Registered" } dd { (time(&here.created_at)) }
            dt { "Changed" } dd { (time(&here.updated_at)) }
        }
        #resource-live data-live {
            (assignments::on(view, &here)?)
            (related(view, &here)?)
            (who_may(view, &here)?)
            section aria-labelledby="children" {
                h2 #children { "What lies in it" }
                @if nodes.is_empty() { (none("Nothing.")) }
                ul.tree { @for node in &nodes { (branch(node)) } }
                (pager(view, "resource", &["type", "id"], "children", next.as_deref()))
            }
            (history(view, &here)?)
        }
        (change_forms(view, &here)?)
    };
    Page::new(title, "resources", body)
}

/// The page of a resource that is known by relationships alone.
fn unregistered(view: &View<'_>, of: &str, id: &str) -> Result<Page, Problem> {
    if !value(view.connection, include_str!("../../../sql/dashboard/is_related.sql"), params![of, id, as_integer(id)])? {
        return Err(Problem::missing(format!("no {of} `{id}` is registered, and no relationship names it")));
    }
    let here = Resource::unregistered(of, id);
    let body = html! {
        h1 { (shown(id)) }
        dl.facts {
            dt { "Type" } dd { (shown(of)) }
            dt { "Id" } dd { code { (shown(id)) } }
            dt { "Registered" } dd { span.muted { "no: relationships alone say what holds here" } }
        }
        #resource-live data-live {
            (related(view, &here)?)
            (who_may(view, &here)?)
        }
        @if view.writable() {
            (folded("Register it", false, html! {
                form.fields method="post" action="put-resource" {
                    input type="hidden" name="type" value=(of);
                    input type="hidden" name="id" value=(id);
                    (back(view))
                    (field("Name", "name", "", ""))
                    (field("Type of what it lies in", "parent_type", "", "organization"))
                    (field("Its id", "parent_id", "", ""))
                    button type="submit" { "Register" }
                }
            }))
        }
    };
    Page::new(id, "resources", body)
}

/// What relations are written of a resource, where its type has any.
fn related(view: &View<'_>, here: &Resource) -> Result<Markup, Problem> {
    let relations = rows(view.connection, include_str!("../../../sql/dashboard/relations_of_type.sql"), [&here.resource_type], |row| {
        row.get::<_, String>(0)
    })?;
    if relations.is_empty() {
        return Ok(html! {});
    }
    let id = text(&here.id);
    let [relation, who] = uncursor(view.get("related"), [BEFORE_TEXTS, BEFORE_TEXTS]);
    let sql = include_str!("../../../sql/dashboard/relationships_on.sql");
    let mut found = rows(view.connection, sql, params![here.resource_type, id, as_integer(&id), relation, who, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(4)?))
    })?;
    let more = cut(&mut found);
    let next = found.last().filter(|_| more).map(|(who, relation, _)| cursor(&[&Value::Text(relation.clone()), &Value::Text(who.clone())]));
    let now = now(view)?;
    Ok(html! {
        section aria-labelledby="related" {
            h2 #related { "Relationships" }
            @if found.is_empty() { (none("None.")) }
            ul.names {
                @for (who, relation, expires_at) in &found {
                    @let fields = [("subject", who.as_str()), ("relation", relation), ("type", &here.resource_type), ("id", &id)];
                    li {
                        (subject(who)) " is " strong { (shown(relation)) }
                        @if expires_at.is_some() { " until " (expiry(expires_at.as_deref(), &now)) }
                        " " (button(view, "unrelate", &fields, "Unrelate", &format!("Unrelate {} as {relation}", plain(who))))
                    }
                }
            }
            (pager(view, "resource", &["type", "id"], "related", next.as_deref()))
            @if view.writable() {
                (folded("Add a relationship", false, html! {
                    form.fields method="post" action="relate" {
                        input type="hidden" name="type" value=(here.resource_type);
                        input type="hidden" name="id" value=(id);
                        (back(view))
                        (field("Subject", "subject", "", "user:ana"))
                        (choice("Is", "relation", relations.first().map_or("", String::as_str), None, &relations))
                        button type="submit" { "Relate" }
                    }
                }))
            }
        }
    })
}

/// Who has one permission here, chosen among those of the type.
fn who_may(view: &View<'_>, here: &Resource) -> Result<Markup, Problem> {
    let all =
        rows(view.connection, include_str!("../../../sql/dashboard/some_permissions.sql"), params![here.resource_type, 500], |row| {
            row.get::<_, String>(0)
        })?;
    let id = text(&here.id);
    let Some(what) = view.get("permission").or(all.first().map(String::as_str)) else { return Ok(html! {}) };
    let sql = include_str!("../../../sql/dashboard/who_can.sql");
    let mut holders =
        rows(view.connection, sql, params![what, here.resource_type, here.id, "", FEW as i64 + 1], |row| row.get::<_, String>(0))?;
    let more = holders.len() > FEW;
    holders.truncate(FEW);
    Ok(html! {
        section aria-labelledby="who" {
            h2 #who { "Who may do what here" }
            form.fields method="get" action="resource" {
                input type="hidden" name="type" value=(here.resource_type);
                input type="hidden" name="id" value=(id);
                (choice("Permission", "permission", what, None, &all))
                button type="submit" { "Show" }
            }
            @if holders.is_empty() { (none("Nobody.")) }
            ul.names {
                @for one in &holders {
                    li {
                        (subject(one))
                        (access::why(one, what, &here.resource_type, &id, one))
                    }
                }
            }
            @if more {
                p { a href=(href("access", &[("permission", what), ("type", &here.resource_type), ("id", &id)])) { "All who have it" } }
            }
            @if all.len() > 1 {
                p.also { "Roles that give it: " (permission(what)) }
            }
        }
    })
}

/// What happened to a resource and to what is held on it.
fn history(view: &View<'_>, here: &Resource) -> Result<Markup, Problem> {
    let before = view.get("before").and_then(|before| before.parse::<i64>().ok());
    let mut found = events::of_resource(view.connection, &here.resource_type, &here.id, before, FEW)?;
    let more = found.len() > FEW;
    found.truncate(FEW);
    let next = found.last().filter(|_| more).map(|last| last.seq.to_string());
    Ok(html! {
        section aria-labelledby="history" {
            h2 #history { "What happened to it" }
            (events::table(&found))
            (pager(view, "resource", &["type", "id"], "before", next.as_deref()))
        }
    })
}

/// Where something can be added, renamed, moved, removed.
fn change_forms(view: &View<'_>, here: &Resource) -> Result<Markup, Problem> {
    if !view.writable() {
        return Ok(html! {});
    }
    let below = rows(view.connection, include_str!("../../../sql/dashboard/child_types.sql"), [&here.resource_type], |row| {
        row.get::<_, String>(0)
    })?;
    let id = text(&here.id);
    let (parent_type, parent_id) = here.parent.clone().map_or_else(|| (String::new(), String::new()), |(of, id)| (of, text(&id)));
    let up = match &here.parent {
        Some((of, id)) => resource_href(of, id),
        None => "resources".to_owned(),
    };
    Ok(html! {
        (add_form(view, Some(here), &below)?)
        (folded("Rename or move", false, html! {
            form.fields method="post" action="put-resource" {
                input type="hidden" name="type" value=(here.resource_type);
                input type="hidden" name="id" value=(id);
                (back(view))
                (field("Name", "name", here.name.as_deref().unwrap_or_default(), ""))
                @if here.parent.is_some() {
                    (field("Type of what it lies in", "parent_type", &parent_type, ""))
                    (field("Its id", "parent_id", &parent_id, ""))
                }
                button type="submit" { "Save" }
            }
        }))
        (folded("Remove", false, html! {
            form.fields method="post" action="remove-resource" {
                input type="hidden" name="type" value=(here.resource_type);
                input type="hidden" name="id" value=(id);
                input type="hidden" name="back" value=(up);
                label.check {
                    input type="checkbox" name="cascade" value="cascade";
                    span { "With everything in it and all roles held there" }
                }
                button.danger type="submit" { "Remove" }
            }
        }))
    })
}

/// The form that registers a resource, in another or at the top.
fn add_form(view: &View<'_>, parent: Option<&Resource>, types: &[String]) -> Result<Markup, Problem> {
    if !view.writable() || types.is_empty() {
        return Ok(html! {});
    }
    Ok(folded(
        if parent.is_some() { "Add a resource in it" } else { "Add a resource at the top" },
        view.get("new").is_some(),
        html! {
            form.fields method="post" action="put-resource" {
                @if let Some(parent) = parent {
                    input type="hidden" name="parent_type" value=(parent.resource_type);
                    input type="hidden" name="parent_id" value=(text(&parent.id));
                }
                (back(view))
                (choice("Type", "type", types.first().map_or("", String::as_str), None, types))
                (field("Id", "id", "", "42"))
                (field("Name", "name", "", ""))
                button type="submit" { "Add" }
            }
        },
    ))
}
