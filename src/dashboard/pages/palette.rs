//! The box behind ⌘K: what `authz_search_all` finds, and where each of it is in here.

use authz::rusqlite::types::Value;
use authz::rusqlite::{Row, params};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::explanation::id;
use crate::dashboard::file::{row, rows, text};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{back, field, href, none, permission, resource_href, shown};

/// How many things the box shows.
const MOST: i64 = 12;

/// Something that was found.
struct Found {
    kind: String,
    resource_type: Option<String>,
    id: Value,
    title: String,
    subtitle: Option<String>,
    target: Json,
}

fn found(row: &Row<'_>) -> authz::rusqlite::Result<Found> {
    let target: Option<String> = row.get(6)?;
    Ok(Found {
        kind: row.get(0)?,
        resource_type: row.get(1)?,
        id: row.get(2)?,
        title: row.get(3)?,
        subtitle: row.get(4)?,
        target: target.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null),
    })
}

/// Where choosing something leads.
#[derive(Clone)]
enum Way {
    Open(String),
    /// What is done at once.
    Do(&'static str),
}

/// Pages of the schema by the name that search gives them, and where they are.
const PAGES: [(&str, &str); 12] = [
    ("overview", "overview"),
    ("access", "access"),
    ("resources", "resources"),
    ("resource-types", "model#types"),
    ("roles", "roles"),
    ("permissions", "permissions"),
    ("assignments", "assignments"),
    ("subjects", "subjects"),
    ("groups", "groups"),
    ("sessions", "sessions"),
    ("events", "events"),
    ("model", "model"),
];

/// Actions of the schema that open a form, and where it is.
const FORMS: [(&str, &str); 5] = [
    ("check", "access"),
    ("grant", "grant"),
    ("revoke", "assignments"),
    ("add-member", "groups?new=1"),
    ("put-resource", "resources?new=1"),
];

/// Actions of the schema that are done at once.
const DONE_AT_ONCE: [&str; 2] = ["index-search", "prune-events"];

impl Found {
    /// Where it is. What only the application can open has a page here that says so.
    fn way(&self) -> Way {
        let word = |name: &str| self.target.get(name).and_then(Json::as_str).unwrap_or_default();
        let in_list = |list: &[(&str, &str)], name: &str| list.iter().find(|(known, _)| *known == name).map(|(_, page)| (*page).to_owned());
        let own = text(&self.id).starts_with("authz:");
        let open = match self.kind.as_str() {
            "resource" => resource_href(self.resource_type.as_deref().unwrap_or_default(), &self.id),
            "role" => href("role", &[("slug", word("role")), ("organization", &text(&id(self.target.get("organization"))))]),
            "permission" => href("permission", &[("slug", word("permission"))]),
            "subject" => href("subject", &[("id", word("subject"))]),
            "group" => href("subject", &[("id", &format!("group:{}", word("group")))]),
            "session" => href("session", &[("id", &text(&self.id))]),
            "event" => href("event", &[("id", word("event"))]),
            "page" if own => in_list(&PAGES, word("page")).unwrap_or_else(|| "overview".to_owned()),
            "action" if own => match DONE_AT_ONCE.iter().find(|action| **action == word("action")) {
                Some(action) => return Way::Do(action),
                None => in_list(&FORMS, word("action")).unwrap_or_else(|| "overview".to_owned()),
            },
            _ => href("command", &[("id", &text(&self.id))]),
        };
        Way::Open(open)
    }

    fn words(&self) -> Markup {
        html! {
            span.kind { (self.resource_type.as_deref().unwrap_or(&self.kind)) }
            span.title { (shown(&self.title)) }
            @if let Some(subtitle) = self.subtitle.as_deref().filter(|subtitle| !subtitle.is_empty()) { " " span.id { (shown(subtitle)) } }
        }
    }
}

/// What a query finds: as options for the box, or as a page of links where there is no script.
pub(crate) fn options(view: &View<'_>) -> Result<Page, Problem> {
    let query = view.text("q");
    let sql = include_str!("../../../sql/dashboard/search.sql");
    let mut all = rows(view.connection, sql, params![query, MOST], found)?;
    all.retain(|one| view.writable() || !matches!(one.way(), Way::Do(_)));
    if view.get("part").is_some() {
        return Ok(Page::Part(html! {
            @for (at, one) in all.iter().enumerate() {
                @let (go, act) = match one.way() { Way::Open(page) => (Some(page), None), Way::Do(action) => (None, Some(action)) };
                li role="option" id=(format!("option-{at}")) aria-selected="false" data-go=[go] data-do=[act] { (one.words()) }
            }
        }));
    }
    let body = html! {
        h1 { "Search" }
        form.fields method="get" action="palette" {
            (field("A resource, a page, an action", "q", query, ""))
            button type="submit" { "Search" }
        }
        @if all.is_empty() && !query.is_empty() { (none("Nothing was found.")) }
        ul.names {
            @for one in &all {
                li {
                    @match one.way() {
                        Way::Open(page) => a href=(page) { (one.words()) },
                        Way::Do(action) => form.inline method="post" action=(action) {
                            (back(view))
                            button type="submit" { (one.words()) }
                        },
                    }
                }
            }
        }
    };
    Page::new("Search", "", body)
}

/// A page or an action of the application: what it is, and who finds it. Opening it is the application's.
pub(crate) fn command(view: &View<'_>) -> Result<Page, Problem> {
    let found = row(view.connection, include_str!("../../../sql/dashboard/command.sql"), [view.text("id")], |row| {
        let text = |column| row.get::<_, Option<String>>(column);
        Ok((text(0)?, text(1)?.unwrap_or_default(), text(2)?, text(3)?, text(4)?, text(5)?, row.get::<_, Value>(6)?))
    })?;
    let Some((kind, title, keywords, target, needed, on, on_id)) = found else {
        return Err(Problem::missing("there is no such page or action"));
    };
    let body = html! {
        h1 { (shown(&title)) }
        p.muted {
            "A"
            @if kind.as_deref() == Some("action") { "n action" } @else { " page" }
            " of the application, which opens it by its target."
        }
        dl.facts {
            @if let Some(target) = &target { dt { "Target" } dd { code { (shown(target)) } } }
            @if let Some(keywords) = &keywords { dt { "Found by" } dd { (shown(keywords)) } }
            dt { "Shown to" }
            dd {
                @match &needed {
                    None => "everyone of whom anything is known",
                    Some(slug) => {
                        "who has "
                        (permission(slug))
                        @match &on {
                            Some(of) => { " on " a href=(resource_href(of, &on_id)) { (shown(of)) " " (shown(&text(&on_id))) } }
                            None => " anywhere"
                        }
                    }
                }
            }
        }
    };
    Page::new(title, "", body)
}
