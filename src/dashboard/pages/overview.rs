//! The overview: what the file holds, what happened last, what needs attention.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};

use super::{events, sessions};
use crate::dashboard::file::{row, rows, text, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{href, none, role, shown, subject, time};

/// Counting ends here: a page is to be there at once, and beyond this nobody reads the digits.
const MOST_COUNTED: i64 = 10_000;

pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let version: i64 = value(connection, "SELECT authz_schema_version()", [])?;
    let resources = rows(connection, include_str!("../../../sql/dashboard/resource_counts.sql"), [MOST_COUNTED + 1], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let counts = row(connection, include_str!("../../../sql/dashboard/counts.sql"), [MOST_COUNTED + 1], |row| {
        (0..7).map(|column| row.get(column)).collect::<Result<Vec<i64>, _>>()
    })?;
    let places = [
        ("Role assignments", "assignments"),
        ("Relationships", "relationships"),
        ("Roles", "roles"),
        ("Permissions", "permissions"),
        ("Groups", "groups"),
        ("Users", "subjects"),
        ("Memberships", "subjects"),
    ];
    let body = html! {
        h1 { (shown(&view.site.name)) }
        p.muted { "Schema version " (version) ", library " (value::<String>(connection, "SELECT authz_version()", [])?) "." }
        #overview-live data-live {
            section aria-labelledby="attention" {
                h2 #attention { "Needs attention" }
                (attention(view)?)
            }
            section aria-labelledby="holds" {
                h2 #holds { "What the file holds" }
                ul.counts {
                    @for (slug, count) in &resources {
                        li { a href=(href("resources", &[("root", slug)])) { strong { (counted(*count)) } span { (shown(slug)) } } }
                    }
                    @for ((title, page), count) in places.iter().zip(counts.iter().flatten()) {
                        li { a href=(page) { strong { (counted(*count)) } span { (title) } } }
                    }
                }
            }
            section aria-labelledby="last" {
                h2 #last { "Last events" }
                (events::table(&events::last(connection)?))
                p { a href="events" { "All events" } }
            }
        }
    };
    Page::new("Overview", "overview", body)
}

fn counted(count: i64) -> String {
    if count > MOST_COUNTED { format!("{MOST_COUNTED}+") } else { count.to_string() }
}

/// What somebody should look at, each with the way there.
fn attention(view: &View<'_>) -> Result<Markup, Problem> {
    let connection = view.connection;
    let now: String = value(connection, include_str!("../../../sql/dashboard/now.sql"), [])?;
    let expired: i64 = value(connection, include_str!("../../../sql/dashboard/expired.sql"), params![MOST_COUNTED + 1, now])?;
    let orphans: i64 = value(connection, include_str!("../../../sql/dashboard/orphans.sql"), [MOST_COUNTED + 1])?;
    let unheld = rows(connection, include_str!("../../../sql/dashboard/unheld_roles.sql"), [6], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Value>(1)?))
    })?;
    let events: String = value::<Value>(connection, "SELECT authz_setting('events')", []).map(|value| text(&value))?;
    let behind: Vec<_> = events::consumers(connection)?.into_iter().filter(|one| one.behind > 0).collect();
    let mistyped = rows(connection, include_str!("../../../sql/dashboard/some_attribute_problems.sql"), [6], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let items = html! {
        @if events == "off" { li { strong { "Events are off: " } "changes are not written down" } }
        @if expired > 0 {
            li {
                a href="assignments?state=ended" {
                    strong { (counted(expired)) }
                    @if expired == 1 { " assignment has expired" } @else { " assignments have expired" }
                }
            }
        }
        @if orphans > 0 {
            li {
                a href="model#orphans" {
                    strong { (counted(orphans)) }
                    @if orphans == 1 { " relationship grants nothing" } @else { " relationships grant nothing" }
                }
                ", for the model does not allow it"
            }
        }
        @if !unheld.is_empty() {
            li {
                "Held by nobody: "
                @for (at, (slug, organization)) in unheld.iter().take(5).enumerate() { @if at > 0 { ", " } (role(slug, organization)) }
                @if unheld.len() > 5 { " …" }
            }
        }
        @if !mistyped.is_empty() {
            li {
                "Told with a wrong type: "
                @for (at, (name, user)) in mistyped.iter().take(5).enumerate() {
                    @if at > 0 { ", " }
                    (shown(name)) " of " (subject(&format!("user:{user}")))
                }
                @if mistyped.len() > 5 { " …" }
            }
        }
        (sessions::failing(view)?)
        @for one in &behind {
            li {
                "Consumer "
                a href="events#consumers" { (shown(&one.name)) }
                " is "
                strong { (one.behind) }
                " events behind, last seen "
                (time(&one.updated_at))
            }
        }
    };
    Ok(match items.0.is_empty() {
        true => none("Nothing."),
        false => html! { ul.attention { (items) } },
    })
}
