//! Events: the outbox, live, and its consumers.

use authz::rusqlite::types::Value;
use authz::rusqlite::{Connection, OptionalExtension, Row, params};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::explanation::id;
use super::when::moment;
use crate::dashboard::file::{row, rows, value};
use crate::dashboard::layout::to_mend;
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{PAGE, field, href, none, pager, permission, plain, resource, role, shown, subject, time};

/// How many events a page goes through while it looks for a name. Then it says how far it came.
const WINDOW: i64 = 50_000;

/// An event as the file has it.
pub(crate) struct Event {
    pub(crate) seq: i64,
    id: String,
    name: String,
    data: Json,
    raw: String,
    context: Json,
    created_at: String,
}

fn event(row: &Row<'_>) -> authz::rusqlite::Result<Event> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null);
    let raw: String = row.get(3)?;
    Ok(Event {
        seq: row.get(0)?,
        id: row.get(1)?,
        name: row.get(2)?,
        data: json(Some(raw.clone())),
        raw,
        context: json(row.get(4)?),
        created_at: row.get(5)?,
    })
}

/// A consumer of the outbox.
pub(crate) struct Consumer {
    pub(crate) name: String,
    position: i64,
    pub(crate) behind: i64,
    pub(crate) updated_at: String,
}

pub(crate) fn consumers(connection: &Connection) -> Result<Vec<Consumer>, Problem> {
    rows(connection, include_str!("../../../sql/dashboard/consumers.sql"), [], |row| {
        Ok(Consumer { name: row.get(0)?, position: row.get(1)?, behind: row.get(2)?, updated_at: row.get(3)? })
    })
}

pub(crate) fn last(connection: &Connection) -> Result<Vec<Event>, Problem> {
    rows(connection, include_str!("../../../sql/dashboard/last_events.sql"), [], event)
}

/// The events about a resource, and one more than wanted to see whether there are more.
pub(crate) fn of_resource(
    connection: &Connection,
    of: &str,
    id: &Value,
    before: Option<i64>,
    wanted: usize,
) -> Result<Vec<Event>, Problem> {
    rows(connection, include_str!("../../../sql/dashboard/history.sql"), params![of, id, before, wanted as i64 + 1], event)
}

/// Events, a row each.
pub(crate) fn table(events: &[Event]) -> Markup {
    html! {
        @if events.is_empty() { (none("There is none.")) } @else {
            .scroll tabindex="0" role="region" aria-label="Table: Events" {
                table.lines {
                    thead {
                        tr {
                            th.number scope="col" { "Number" }
                            th scope="col" { "At (UTC)" }
                            th scope="col" { "Event" }
                            th scope="col" { "About" }
                            th scope="col" { "By" }
                        }
                    }
                    tbody {
                        @for one in events {
                            tr data-seq=(one.seq) {
                                td.number { (one.seq) }
                                td { (time(&one.created_at)) }
                                td { a href=(href("event", &[("id", &one.id)])) { (shown(&one.name)) } }
                                td { (about(&one.data)) }
                                td { (actor(&one.context)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn actor(context: &Json) -> Markup {
    let word = |name: &str| context.pointer(name).and_then(Json::as_str).unwrap_or_default();
    html! {
        @if context.pointer("/actor").is_some() {
            (shown(if word("/actor/name").is_empty() { word("/actor/id") } else { word("/actor/name") }))
            " "
            span.badge { (shown(word("/actor/source"))) }
        }
    }
}

/// What an event is about, in a line.
fn about(data: &Json) -> Markup {
    let word = |name: &str| data.pointer(name).and_then(Json::as_str).unwrap_or_default();
    let object = word("/object");
    let resource_type = word("/resource_type_slug");
    let place = data
        .get("resource_id")
        .map(|of| resource(if resource_type.is_empty() { "organization" } else { resource_type }, &id(Some(of)), None));
    html! {
        @match object {
            "role_assignment"
            => { (subject(word("/subject"))) " as " (role(word("/role/slug"), &Value::Null)) " on " (place.unwrap_or_default()) }
            "relationship" => { (subject(word("/subject"))) " " (shown(word("/relation"))) " of " (place.unwrap_or_default()) }
            "authorization_resource"
            | "organization" => { (place.unwrap_or_default()) @if !word("/name").is_empty() { " " (shown(word("/name"))) } }
            "role" => { (role(word("/slug"), &Value::Null)) }
            "organization_role" => { (role(word("/slug"), &id(data.get("organization_id")))) }
            "permission" => { (permission(word("/slug"))) }
            "user" => { (subject(&format!("user:{}", word("/id")))) " " (shown(word("/email"))) }
            "organization_membership"
            => {
                (subject(&format!("user:{}", word("/user_id"))))
                " in "
                (shown(word("/organization_id")))
                " "
                span.badge { (shown(word("/status"))) }
            }
            "group" | "authz_group" => { (subject(&format!("group:{}", word("/id")))) }
            _ if data.get("sso").is_some() => {
                @if !word("/user_id").is_empty() { (subject(&format!("user:{}", word("/user_id")))) " " }
                (shown(word("/email")))
                " through "
                a href=(href("session", &[("id", word("/sso/session_id"))])) { (shown(word("/sso/connection_id"))) }
                @if !word("/error/code").is_empty() { " " span.badge.bad { (shown(word("/error/code"))) } }
            }
            "session" => {
                (subject(&format!("user:{}", word("/user_id"))))
                " "
                a href=(href("session", &[("id", word("/id"))])) { (shown(word("/id"))) }
            }
            _ if data.get("group_id").is_some() => { (subject(word("/subject"))) " in " (subject(&format!("group:{}", word("/group_id")))) }
            _ => { (shown(word("/id"))) }
        }
    }
}

pub(crate) fn list(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let form = html! {
        form.fields method="get" action="events" {
            (field("Name", "name", view.text("name"), "role.*"))
            (field("From (UTC)", "from", view.text("from"), "2027-01-31"))
            (field("Before (UTC)", "to", view.text("to"), "2027-02-01T12:00"))
            button type="submit" { "Show" }
        }
    };
    let (since, until) = match (moment(view.get("from")), moment(view.get("to"))) {
        (Ok(since), Ok(until)) => (since, until),
        (Err(found), _) | (_, Err(found)) => return to_mend("Events", "events", &form, &found),
    };
    let before = match (view.get("before"), until) {
        (Some(before), _) => before.parse().unwrap_or(i64::MAX),
        (None, Some(until)) => first_from(connection, &until)?,
        (None, None) => i64::MAX,
    };
    let from = match since {
        Some(since) => first_from(connection, &since)?,
        None => 0,
    };
    let newest: i64 = value(connection, include_str!("../../../sql/dashboard/last_event.sql"), [])?;
    let pattern = view.get("name");
    let top = before.min(newest.saturating_add(1));
    let floor = if pattern.is_some() { from.max(top.saturating_sub(WINDOW)) } else { from };
    let mut found =
        rows(connection, include_str!("../../../sql/dashboard/events.sql"), params![floor, before, pattern, PAGE as i64 + 1], event)?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = match (more, found.last()) {
        (true, Some(last)) => Some(last.seq),
        _ if floor > from && floor > 1 => Some(floor),
        _ => None,
    };
    let consumers = consumers(connection)?;
    let body = html! {
        h1 { "Events" }
        (form)
        #events-live data-live {
            (table(&found))
            @if pattern.is_some() && floor > from && found.is_empty() {
                p { "None of that name from number " (floor) " on. The search goes on with older ones:" }
            }
            (pager(view, "events", &["name", "from", "to"], "before", next.map(|next| next.to_string()).as_deref()))
        }
        section aria-labelledby="consumers" {
            h2 #consumers { "Consumers" }
            #consumers-live data-live {
                @if consumers.is_empty() { (none("Nobody reads the events yet.")) } @else {
                    .scroll tabindex="0" role="region" aria-label="Table: Consumers" {
                        table {
                            thead {
                                tr {
                                    th scope="col" { "Consumer" }
                                    th.number scope="col" { "Has seen up to" }
                                    th.number scope="col" { "Behind" }
                                    th scope="col" { "Last seen" }
                                }
                            }
                            tbody {
                                @for one in &consumers {
                                    tr {
                                        td { (shown(&one.name)) }
                                        td.number { (one.position) }
                                        td.number { (one.behind) }
                                        td { (time(&one.updated_at)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Page::new("Events", "events", body)
}

/// The number of the first event that is no older than a time, by halving; one past the last where all are older.
pub(crate) fn first_from(connection: &Connection, at: &str) -> Result<i64, Problem> {
    let newest: i64 = value(connection, include_str!("../../../sql/dashboard/last_event.sql"), [])?;
    let mut statement = connection.prepare(include_str!("../../../sql/dashboard/event_at.sql"))?;
    let (mut low, mut high) = (0, newest + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = statement.query_row([middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).optional()?;
        match found {
            Some((seq, created_at)) if created_at.as_str() < at => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// One event.
pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let given = view.text("id");
    // The number stands at the end of the id, in hexadecimal digits.
    let number = given.strip_prefix("event_").and_then(|digits| digits.get(16..)).and_then(|digits| i64::from_str_radix(digits, 16).ok());
    let found = match number {
        Some(number) => row(view.connection, include_str!("../../../sql/dashboard/event.sql"), [number], event)?,
        None => None,
    };
    let Some(found) = found.filter(|found| found.id == given) else {
        return Err(Problem::missing("there is no such event; old ones are dropped in time"));
    };
    let previous = found.context.get("previous_attributes").and_then(Json::as_object);
    let pretty = |json: &Json| serde_json::to_string_pretty(json).unwrap_or_default();
    let data = if found.data.is_null() { found.raw.clone() } else { pretty(&found.data) };
    let body = html! {
        h1 { (shown(&found.name)) }
        p { (about(&found.data)) }
        dl.facts {
            dt { "Number" } dd { (found.seq) }
            dt { "Id" } dd { code { (shown(&found.id)) } }
            dt { "At" } dd { (time(&found.created_at)) " UTC" }
            @if found.context.get("actor").is_some() { dt { "By" } dd { (actor(&found.context)) } }
        }
        @if let Some(previous) = previous {
            section aria-labelledby="changed" {
                h2 #changed { "What changed" }
                .scroll tabindex="0" role="region" aria-label="Table: What changed" {
                    table {
                        thead { tr { th scope="col" { "Attribute" } th scope="col" { "Before" } th scope="col" { "After" } } }
                        tbody {
                            @for (name, before) in previous {
                                tr {
                                    th scope="row" { (shown(name)) }
                                    td { (in_short(before)) }
                                    td { (in_short(found.data.get(name).unwrap_or(&Json::Null))) }
                                }
                            }
                        }
                    }
                }
            }
        }
        section aria-labelledby="payload" {
            h2 #payload { "Payload" }
            pre tabindex="0" { @for line in data.lines() { (shown(line)) "\n" } }
        }
        p.also { a href=(href("events", &[("before", &(found.seq + 1).to_string())])) { "Among the events of that time" } }
    };
    Page::new(plain(&found.name), "events", body)
}

fn in_short(json: &Json) -> Markup {
    match json {
        Json::Null => html! { span.muted { "nothing" } },
        Json::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}
