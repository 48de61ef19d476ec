//! Roles: the matrix of roles and permissions, edited in place, and the page of each role.

use std::collections::{HashMap, HashSet};

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};
use serde_json::{Value as Json, json};

use super::assignments;
use super::lookup::organization;
use crate::dashboard::file::{row, rows, text, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_TEXTS, PAGE, back, button, choice, cursor, cut, field, field_of, folded, href, none, pager, permission, plain, resource, role,
    shown, time, uncursor,
};

/// How many roles stand side by side.
const COLUMNS: usize = 12;

/// A column of the matrix.
struct Column {
    slug: String,
    organization: Value,
    resource_type: String,
    name: String,
    is_default: bool,
    order: [Value; 3],
    /// What it holds of the permissions shown
    held: HashSet<String>,
}

/// Permissions down, roles across; each cell is a button that gives or takes.
pub(crate) fn matrix(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let of = organization(view, view.text("organization"))?;
    let first = [Value::Integer(-1), Value::Integer(i64::MIN), BEFORE_TEXTS];
    let [is_own, priority, slug] = uncursor(view.get("roles"), first);
    let sql = include_str!("../../../sql/dashboard/matrix_roles.sql");
    let mut columns = rows(connection, sql, params![of, view.get("type"), is_own, priority, slug, COLUMNS as i64 + 1], |row| {
        let slug: String = row.get(0)?;
        let order = [row.get(5)?, row.get(6)?, Value::Text(slug.clone())];
        Ok(Column {
            slug,
            organization: row.get(1)?,
            resource_type: row.get(2)?,
            name: row.get(3)?,
            is_default: row.get(4)?,
            order,
            held: HashSet::new(),
        })
    })?;
    let more_roles = columns.len() > COLUMNS;
    columns.truncate(COLUMNS);
    let next_roles = columns.last().filter(|_| more_roles).map(|last| cursor(&last.order.iter().collect::<Vec<_>>()));

    let [type_from, slug_from] = uncursor(view.get("after"), [BEFORE_TEXTS, BEFORE_TEXTS]);
    let sql = include_str!("../../../sql/dashboard/matrix_permissions.sql");
    let mut permissions = rows(connection, sql, params![view.get("q"), type_from, slug_from, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let more = cut(&mut permissions);
    let next = permissions.last().filter(|_| more).map(|(slug, of)| cursor(&[&Value::Text(of.clone()), &Value::Text(slug.clone())]));

    let slugs = json!(permissions.iter().map(|(slug, _)| slug).collect::<Vec<_>>()).to_string();
    let mut reach: HashMap<String, HashSet<String>> = HashMap::new();
    for column in &mut columns {
        let sql = include_str!("../../../sql/dashboard/matrix_cells.sql");
        column.held = rows(connection, sql, params![column.slug, column.organization, slugs], |row| row.get(0))?.into_iter().collect();
        if !reach.contains_key(&column.resource_type) {
            let below =
                rows(connection, include_str!("../../../sql/dashboard/types_below.sql"), [&column.resource_type], |row| row.get(0))?;
            reach.insert(column.resource_type.clone(), below.into_iter().collect());
        }
    }
    let types = rows(connection, include_str!("../../../sql/dashboard/types.sql"), [], |row| row.get::<_, String>(0))?;
    let organizations = rows(connection, include_str!("../../../sql/dashboard/organizations.sql"), [], |row| row.get::<_, Value>(0))?;
    let organizations: Vec<String> = organizations.iter().map(text).collect();
    let body = html! {
        h1 { "Roles and permissions" }
        form.fields method="get" action="roles" {
            (choice("Roles of the type", "type", view.text("type"), Some("every type"), &types))
            (choice("Beside them those of", "organization", view.text("organization"), Some("no organization"), &organizations))
            (field("Permissions with", "q", view.text("q"), "document"))
            button type="submit" { "Show" }
        }
        #matrix data-live {
            @if columns.is_empty() || permissions.is_empty() { (none("There are no roles and permissions to show.")) }
            @else { (grid(view, &columns, &permissions, &reach)) }
            (pager(view, "roles", &["type", "organization", "q", "roles"], "after", next.as_deref()))
            @if next_roles.is_some() || view.get("roles").is_some() {
                p { "More roles than stand side by side: " }
                (pager(view, "roles", &["type", "organization", "q", "after"], "roles", next_roles.as_deref()))
            }
        }
        (create_form(view, &types))
    };
    Page::new("Roles and permissions", "roles", body)
}

fn grid(view: &View<'_>, columns: &[Column], permissions: &[(String, String)], reach: &HashMap<String, HashSet<String>>) -> Markup {
    html! {
        @if view.writable() { form #cells method="post" action="toggle-permission" { (back(view)) } }
        .scroll.matrix tabindex="0" role="region" aria-label="Table: Roles and permissions" {
            table {
                thead {
                    tr {
                        th scope="col" { "Permission" }
                        @for one in columns {
                            th scope="col" {
                                (role(&one.slug, &one.organization))
                                @if one.name != one.slug { div.muted { (shown(&one.name)) } }
                                div.muted { "on " (shown(&one.resource_type)) @if one.is_default { ", default" } }
                            }
                        }
                    }
                }
                tbody {
                    @for (slug, of) in permissions {
                        tr {
                            th scope="row" { (permission(slug)) }
                            @for one in columns {
                                td { (cell(view, one, slug, reach.get(&one.resource_type).is_some_and(|below| below.contains(of)))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One role and one permission: held or not, and the other way at a press.
fn cell(view: &View<'_>, of: &Column, slug: &str, within_reach: bool) -> Markup {
    let held = of.held.contains(slug);
    let label = format!("{} has {}", plain(&of.slug), plain(slug));
    // Neither slugs nor ids have white space.
    let change = [if held { "take" } else { "give" }, of.slug.as_str(), slug, &text(&of.organization)].join(" ");
    html! {
        @if !within_reach && !held {
            span.muted title="A role holds permissions of its type and of types below" { "–" span.unseen { "out of reach" } }
        }
        @else if view.writable() {
            button.cell.held[held] form="cells" type="submit" name="change" value=(change) aria-pressed=(held.to_string())
                aria-label=(label) title=(label) {
                @if held { "✓" } @else { "·" }
            }
        } @else {
            span.cell.held[held] role="img" aria-label=(if held { "held" } else { "not held" }) { @if held { "✓" } @else { "·" } }
        }
    }
}

fn create_form(view: &View<'_>, types: &[String]) -> Markup {
    if !view.writable() {
        return html! {};
    }
    folded(
        "New role",
        view.get("new").is_some(),
        html! {
            form.fields method="post" action="create-role" {
                (back(view))
                (field("Slug", "slug", "", "editor"))
                (field("Name", "name", "", "Editor"))
                (field("Description", "description", "", ""))
                (choice("Held on", "type", view.get("type").unwrap_or("organization"), None, types))
                (field("Only of the organization", "organization", view.text("organization"), "of every one"))
                button type="submit" { "Create" }
            }
        },
    )
}

/// The page of a role.
pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let slug = view.text("slug");
    let of = organization(view, view.text("organization"))?;
    let answer: String = value(view.connection, "SELECT authz_role(?1, ?2)", params![slug, of])?;
    let answer: Json = serde_json::from_str(&answer).map_err(|error| Problem::broken(error.to_string()))?;
    let word = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default();
    let is_default: bool =
        row(view.connection, include_str!("../../../sql/dashboard/default_role.sql"), params![slug, of], |row| row.get(0))?
            .unwrap_or_default();
    let sql = include_str!("../../../sql/dashboard/held_by_role.sql");
    let mut held = rows(view.connection, sql, params![slug, of, view.text("permissions"), PAGE as i64 + 1], |row| row.get::<_, String>(0))?;
    let more = cut(&mut held);
    let next = if more { held.last().map(String::as_str) } else { None };
    let organization = text(&of);
    let slugs = rows(view.connection, include_str!("../../../sql/dashboard/permission_slugs.sql"), [200], |row| row.get::<_, String>(0))?;
    let body = html! {
        h1 { (shown(if word("name").is_empty() { slug } else { word("name") })) }
        dl.facts {
            dt { "Slug" } dd { code { (shown(slug)) } }
            dt { "Held on" } dd { (shown(word("resource_type_slug"))) }
            dt { "Of" } dd { @if of == Value::Null { "the environment" } @else { (resource("organization", &of, None)) } }
            @if !word("description").is_empty() { dt { "Description" } dd { (shown(word("description"))) } }
            @if is_default { dt { "Default" } dd { "every membership has at least this role" } }
            dt { "Changed" } dd { (time(word("updated_at"))) }
        }
        #role-live data-live {
            section aria-labelledby="holds" {
                h2 #holds { "Permissions" }
                @if held.is_empty() { (none("None.")) }
                ul.names {
                    @for one in &held {
                        @let change = ["take", slug, one, &organization].join(" ");
                        li {
                            (permission(one))
                            " "
                            (button(view, "toggle-permission", &[("change", &change)], "Take away", &format!("Take away {}", plain(one))))
                        }
                    }
                }
                (pager(view, "role", &["slug", "organization", "held"], "permissions", next))
                @if view.writable() {
                    form.fields method="post" action="add-permission" {
                        input type="hidden" name="role" value=(slug);
                        input type="hidden" name="organization" value=(organization);
                        (back(view))
                        (field_of("Give it the permission", "permission", "", "document:read", "some-permissions"))
                        button type="submit" { "Give" }
                    }
                }
            }
            (assignments::holders(view, slug, &of)?)
        }
        @if view.writable() {
            datalist #some-permissions {
                @for one in &slugs {
                    option value=(one) {}
                }
            }
            (folded("Change", false, html! {
                form.fields method="post" action="update-role" {
                    input type="hidden" name="role" value=(slug);
                    input type="hidden" name="organization" value=(organization);
                    (back(view))
                    (field("Name", "name", word("name"), ""))
                    (field("Description", "description", word("description"), ""))
                    button type="submit" { "Save" }
                }
                @if of == Value::Null && !is_default && word("resource_type_slug") == "organization" {
                    (button(view, "set-default-role", &[("role", slug)], "Make it the default", "Make it the default"))
                }
                @if of == Value::Null {
                    (button(view, "raise-role", &[("role", slug)], "To the top of the order", "To the top of the order"))
                }
            }))
            (folded("Delete", false, html! {
                form.fields method="post" action="delete-role" {
                    input type="hidden" name="role" value=(slug);
                    input type="hidden" name="organization" value=(organization);
                    input type="hidden" name="back" value="roles";
                    (field("Whoever holds it gets", "replacement", "", "another role"))
                    button.danger type="submit" { "Delete" }
                }
            }))
        }
        p.also { a href=(href("roles", &[("type", word("resource_type_slug")), ("organization", &organization)])) { "Beside the others" } }
    };
    Page::new(slug, "roles", body)
}
