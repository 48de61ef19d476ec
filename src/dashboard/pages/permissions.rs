//! Permissions: the list, and the page of each.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::html;
use serde_json::Value as Json;

use crate::dashboard::file::{rows, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_TEXTS, PAGE, back, choice, cursor, cut, field, folded, href, none, pager, permission, role, shown, time, uncursor,
};

pub(crate) fn list(view: &View<'_>) -> Result<Page, Problem> {
    let [type_from, slug_from] = uncursor(view.get("after"), [BEFORE_TEXTS, BEFORE_TEXTS]);
    let sql = include_str!("../../../sql/dashboard/matrix_permissions.sql");
    let mut found = rows(view.connection, sql, params![view.get("q"), type_from, slug_from, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let more = cut(&mut found);
    let next = found.last().filter(|_| more).map(|(slug, of, _)| cursor(&[&Value::Text(of.clone()), &Value::Text(slug.clone())]));
    let types = rows(view.connection, include_str!("../../../sql/dashboard/types.sql"), [], |row| row.get::<_, String>(0))?;
    let body = html! {
        h1 { "Permissions" }
        form.fields method="get" action="permissions" {
            (field("With", "q", view.text("q"), "document"))
            button type="submit" { "Show" }
        }
        #permissions-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else {
                .scroll tabindex="0" role="region" aria-label="Table: Permissions" {
                    table {
                        thead { tr { th scope="col" { "Permission" } th scope="col" { "Name" } th scope="col" { "Type" } } }
                        tbody {
                            @for (slug, of, name) in &found {
                                tr { td { (permission(slug)) } td { (shown(name.as_deref().unwrap_or_default())) } td { (shown(of)) } }
                            }
                        }
                    }
                }
            }
            (pager(view, "permissions", &["q"], "after", next.as_deref()))
        }
        @if view.writable() {
            (folded("New permission", view.get("new").is_some(), html! {
                form.fields method="post" action="create-permission" {
                    (back(view))
                    (field("Slug", "slug", "", "document:share"))
                    (field("Name", "name", "", ""))
                    (field("Description", "description", "", ""))
                    (choice("Type", "type", "organization", None, &types))
                    button type="submit" { "Create" }
                }
            }))
        }
    };
    Page::new("Permissions", "permissions", body)
}

pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let slug = view.text("slug");
    let answer: String = value(view.connection, "SELECT authz_permission(?1)", params![slug])?;
    let answer: Json = serde_json::from_str(&answer).map_err(|error| Problem::broken(error.to_string()))?;
    let word = |name: &str| answer.get(name).and_then(Json::as_str).unwrap_or_default();
    let is_system = answer.get("system").and_then(Json::as_bool).unwrap_or_default();
    let roles = rows(view.connection, include_str!("../../../sql/dashboard/roles_holding.sql"), [slug], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Value>(1)?))
    })?;
    let body = html! {
        h1 { (shown(slug)) }
        dl.facts {
            dt { "Of the type" } dd { (shown(word("resource_type_slug"))) }
            @if !word("name").is_empty() { dt { "Name" } dd { (shown(word("name"))) } }
            @if !word("description").is_empty() { dt { "Description" } dd { (shown(word("description"))) } }
            @if is_system { dt { "System" } dd { "yes: it cannot be deleted" } }
            dt { "Changed" } dd { (time(word("updated_at"))) }
        }
        #permission-live data-live {
            section aria-labelledby="roles" {
                h2 #roles { "Roles that give it" }
                @if roles.is_empty() { (none("None.")) }
                ul.names { @for (slug, of) in &roles { li { (role(slug, of)) } } }
            }
        }
        section aria-labelledby="asked" {
            h2 #asked { "Who has it, and where" }
            p.muted { "With a subject: where it has the permission. With a resource: who has it there. With both: whether, and why." }
            form.fields method="get" action="access" {
                input type="hidden" name="permission" value=(slug);
                input type="hidden" name="type" value=(word("resource_type_slug"));
                (field("Subject", "subject", "", "user:ana"))
                (field("Id of the resource", "id", "", "42"))
                button type="submit" { "Ask" }
            }
        }
        @if view.writable() {
            (folded("Change", false, html! {
                form.fields method="post" action="update-permission" {
                    input type="hidden" name="permission" value=(slug);
                    (back(view))
                    (field("Name", "name", word("name"), ""))
                    (field("Description", "description", word("description"), ""))
                    button type="submit" { "Save" }
                }
            }))
            @if !is_system {
                (folded("Delete", false, html! {
                    form.fields method="post" action="delete-permission" {
                        input type="hidden" name="permission" value=(slug);
                        input type="hidden" name="back" value="permissions";
                        button.danger type="submit" { "Delete, and take it from every role" }
                    }
                }))
            }
        }
        p.also { a href=(href("roles", &[("q", slug)])) { "In the matrix" } }
    };
    Page::new(slug, "permissions", body)
}
