//! Sign-ins through an identity provider: the list, and each as a timeline with its error in words; sessions of the application.

use authz::rusqlite::types::Value;
use authz::rusqlite::{Row, params};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::events;
use super::when::moment;
use crate::dashboard::file::{row, rows, text};
use crate::dashboard::layout::to_mend;
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    PAGE, button, choice, cursor, cut, field, folded, href, none, pager, plain, resource, shown, subject, time, uncursor,
};

/// How many sign-ins a page goes through while it looks for those that are asked for. Then it says how far it came.
const WINDOW: i64 = 20_000;

/// Later than any time, and after every id: where a list that goes back in time begins.
const LAST: &str = "9999";

/// What to do about a code that is not known.
const NEXT: &str = "look at the response below, and at the log of the identity provider for that time";

const STATUSES: [&str; 6] = ["in_progress", "success", "failed", "timed_out", "test_successful", "test_failed"];

/// A sign-in as the list shows it.
struct SignIn {
    id: String,
    status: String,
    origin: String,
    connection: String,
    organization: Value,
    user: Option<String>,
    email: Option<String>,
    started_at: String,
    expires_at: Option<String>,
    ended_at: Option<String>,
    error_code: Option<String>,
}

fn sign_in(row: &Row<'_>) -> authz::rusqlite::Result<SignIn> {
    Ok(SignIn {
        id: row.get(0)?,
        status: row.get(1)?,
        origin: row.get(2)?,
        connection: row.get(3)?,
        organization: row.get(4)?,
        user: row.get(5)?,
        email: row.get(6)?,
        started_at: row.get(7)?,
        expires_at: row.get(8)?,
        ended_at: row.get(9)?,
        error_code: row.get(10)?,
    })
}

/// A status; one that the clock will change says when, and the script looks again then.
fn status(of: &str, changes_at: Option<&str>) -> Markup {
    let good = matches!(of, "success" | "test_successful" | "active");
    let bad = matches!(of, "failed" | "timed_out" | "test_failed");
    html! { span.badge.good[good].bad[bad] data-changes-at=[changes_at] { (plain(&of.replace('_', " "))) } }
}

fn origin(of: &str) -> &str {
    match of {
        "sp" => "application",
        "idp" => "identity provider",
        other => other,
    }
}

/// Sign-ins, newest first.
pub(crate) fn list(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let last = || Value::Text(LAST.to_owned());
    let [at, id] = uncursor(view.get("before"), [last(), last()]);
    let connections = rows(connection, include_str!("../../../sql/dashboard/connections.sql"), [], |row| row.get::<_, String>(0))?;
    let statuses = STATUSES.map(str::to_owned);
    let origins = ["sp", "idp", "test"].map(str::to_owned);
    let form = html! {
        form.fields method="get" action="sessions" {
            (choice("Status", "status", view.text("status"), Some("any"), &statuses))
            (choice("Origin", "origin", view.text("origin"), Some("any"), &origins))
            (choice("Connection", "connection", view.text("connection"), Some("any"), &connections))
            (field("Organization", "organization", view.text("organization"), "any"))
            (field("User, e-mail, address or id", "who", view.text("who"), "ana@acme.com"))
            (field("From (UTC)", "from", view.text("from"), "2027-01-31"))
            (field("Before (UTC)", "to", view.text("to"), "2027-02-01T12:00"))
            button type="submit" { "Show" }
        }
    };
    let (since, until) = match (moment(view.get("from")), moment(view.get("to"))) {
        (Ok(since), Ok(until)) => (since, until),
        (Err(found), _) | (_, Err(found)) => return to_mend("SSO sessions", "sessions", &form, &found),
    };
    let (at, id) = match (view.get("before"), until) {
        (None, Some(until)) => (Value::Text(until), Value::Text(String::new())),
        _ => (at, id),
    };
    let sql = include_str!("../../../sql/dashboard/sessions.sql");
    let asked = ["status", "origin", "connection", "organization", "who"].map(|name| view.get(name));
    let [status_of, origin_of, connection_of, organization, who] = asked;
    let parameters = params![status_of, origin_of, connection_of, organization, who, since, at, id, WINDOW, PAGE as i64 + 1];
    let mut found = rows(connection, sql, parameters, sign_in)?;
    let more = cut(&mut found);
    let next = match (more, found.last()) {
        (true, Some(last)) => Some(cursor(&[&Value::Text(last.started_at.clone()), &Value::Text(last.id.clone())])),
        _ => row(connection, include_str!("../../../sql/dashboard/sessions_reach.sql"), params![at, id, WINDOW], |row| {
            Ok(cursor(&[&row.get(0)?, &row.get(1)?]))
        })?,
    };
    let body = html! {
        h1 { "SSO sessions" }
        (form)
        #sessions-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else { (table(&found)) }
            @if found.is_empty() && next.is_some() { p { "The search goes on with older ones:" } }
            (pager(view, "sessions", &["status", "origin", "connection", "organization", "who", "from", "to"], "before", next.as_deref()))
        }
        p.also { a href="app-sessions" { "Sessions of the application" } }
    };
    Page::new("SSO sessions", "sessions", body)
}

fn table(found: &[SignIn]) -> Markup {
    html! {
        .scroll tabindex="0" role="region" aria-label="Table: sign-ins" {
            table.lines {
                thead {
                    tr {
                        th scope="col" { "Started (UTC)" }
                        th scope="col" { "State" }
                        th scope="col" { "Person" }
                        th scope="col" { "Connection" }
                        th scope="col" { "Organization" } th scope="col" { "Origin" } th scope="col" { "Ended" }
                    }
                }
                tbody {
                    @for one in found {
                        tr data-seq=(one.id) {
                            td { a href=(href("session", &[("id", &one.id)])) { (time(&one.started_at)) } }
                            td {
                                (status(&one.status, one.expires_at.as_deref().filter(|_| one.status == "in_progress")))
                                @if let Some(code) = &one.error_code { div.id { (shown(code)) } }
                            }
                            td {
                                @if let Some(user) = &one.user { (subject(&format!("user:{user}"))) " " }
                                (shown(one.email.as_deref().unwrap_or_default()))
                            }
                            td { (shown(&one.connection)) }
                            @let of = text(&one.organization);
                            td { a href=(href("resource", &[("type", "organization"), ("id", &of)])) { (shown(&of)) } }
                            td { (shown(origin(&one.origin))) }
                            td { @if let Some(at) = &one.ended_at { (time(at)) } }
                        }
                    }
                }
            }
        }
    }
}

/// One sign-in as a timeline, or one session of the application.
pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let id = view.text("id");
    let found = row(connection, include_str!("../../../sql/dashboard/session.sql"), [id], |row| {
        let texts = (0..20).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<Value>, _>>()?;
        Ok((texts, row.get::<_, Option<f64>>(20)?))
    })?;
    let Some((columns, seconds)) = found else { return of_application(view, id) };
    let get = |column: usize| columns.get(column).filter(|value| **value != Value::Null).map(text);
    let word = |column: usize| get(column).unwrap_or_default();
    let state = word(6);
    let happened = happened(view, id, &word(11))?;
    let body = html! {
        h1 { "Sign-in of " (time(&word(11))) }
        #session-live data-live {
            p {
                (status(&state, get(12).as_deref().filter(|_| state == "in_progress")))
                @if let Some(seconds) = seconds.filter(|_| get(13).is_some()) { " after " (seconds) " s" }
            }
            @if let Some(code) = get(14) {
                section aria-labelledby="error" {
                    h2 #error { "What went wrong" }
                    p { code { (shown(&code)) } ": " (shown(&get(18).unwrap_or_else(|| word(15)))) }
                    @if get(18).is_some() && !word(15).is_empty() { p.muted { "As it was told: " (shown(&word(15))) } }
                    p {
                        strong { "Next: " }
                        (shown(get(19).as_deref().unwrap_or(NEXT)))
                    }
                }
            }
            section aria-labelledby="steps" {
                h2 #steps { "What happened" }
                ol.way {
                    li { span.step { (time(&word(11))) } span { "started at the " (shown(origin(&word(5)))) } }
                    @for one in &happened {
                        li { span.step { (time(&one.at)) } span { a href=(href("event", &[("id", &one.id)])) { (shown(&one.name)) } } }
                    }
                    @match (get(13), get(12)) {
                        (Some(ended), _) => li { span.step { (time(&ended)) } span { "ended: " (shown(&state.replace('_', " "))) } },
                        (None, Some(expires))
                        => li { span.step { (time(&expires)) } span { "will have timed out, unless it is completed before" } },
                        (None, None) => li { span.step { "open" } span { "a test never times out" } },
                    }
                }
            }
            dl.facts {
                dt { "Id" } dd { code { (shown(id)) } }
                dt { "Connection" } dd { (shown(&word(2))) " " span.muted { (shown(&word(3))) " " (shown(&word(4))) } }
                dt { "Organization" } dd { (resource("organization", columns.get(1).unwrap_or(&Value::Null), None)) }
                dt { "Person" }
                dd {
                    @if let Some(user) = get(9) { (subject(&format!("user:{user}"))) " " }
                    (shown(&get(10).unwrap_or_else(|| "no e-mail address yet".to_owned())))
                }
                dt { "Client" } dd { (shown(&word(7))) " " (shown(&word(8))) }
            }
            @for (title, sent) in [("The request", get(16)), ("The response", get(17))] {
                @if let Some(sent) = sent {
                    (folded(title, true, html! { pre tabindex="0" { @for line in pretty(&sent).lines() { (shown(line)) "\n" } } }))
                }
            }
        }
    };
    Page::new("Sign-in", "sessions", body)
}

fn pretty(json: &str) -> String {
    serde_json::from_str::<Json>(json).ok().and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| json.to_owned())
}

/// A step of a sign-in that has left an event.
struct Step {
    id: String,
    name: String,
    at: String,
}

/// The events of a sign-in: looked for among those around its time.
fn happened(view: &View<'_>, id: &str, started_at: &str) -> Result<Vec<Step>, Problem> {
    let from = events::first_from(view.connection, started_at)?.saturating_sub(1_000);
    let sql = include_str!("../../../sql/dashboard/session_events.sql");
    rows(view.connection, sql, params![id, from, from.saturating_add(WINDOW)], |row| {
        Ok(Step { id: row.get(1)?, name: row.get(2)?, at: row.get(5)? })
    })
}

/// A session of the application, as rows have it.
struct AppSession {
    id: String,
    user: String,
    organization: Value,
    auth_method: String,
    status: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    impersonator: Option<String>,
    last_active_at: String,
    expires_at: String,
    ended_at: Option<String>,
    created_at: String,
}

fn app_session(row: &Row<'_>) -> authz::rusqlite::Result<AppSession> {
    Ok(AppSession {
        id: row.get(0)?,
        user: row.get(1)?,
        organization: row.get(2)?,
        auth_method: row.get(3)?,
        status: row.get(4)?,
        ip_address: row.get(5)?,
        user_agent: row.get(6)?,
        impersonator: row.get(7)?,
        last_active_at: row.get(8)?,
        expires_at: row.get(9)?,
        ended_at: row.get(10)?,
        created_at: row.get(11)?,
    })
}

impl AppSession {
    fn state(&self) -> Markup {
        status(&self.status, Some(self.expires_at.as_str()).filter(|_| self.status == "active"))
    }

    fn revoke(&self, view: &View<'_>) -> Markup {
        html! {
            @if self.status == "active" {
                @let label = format!("Revoke the session of {}", plain(&self.user));
                (button(view, "revoke-session", &[("session", &self.id)], "Revoke", &label))
            }
        }
    }
}

fn of_application(view: &View<'_>, id: &str) -> Result<Page, Problem> {
    let Some(one) = row(view.connection, include_str!("../../../sql/dashboard/app_session.sql"), [id], app_session)? else {
        return Err(Problem::missing("there is no such session"));
    };
    let body = html! {
        h1 { "Session of " (shown(&one.user)) }
        #session-live data-live {
            p { (one.state()) " " (one.revoke(view)) }
            dl.facts {
                dt { "User" } dd { (subject(&format!("user:{}", one.user))) }
                @if one.organization != Value::Null { dt { "Organization" } dd { (resource("organization", &one.organization, None)) } }
                dt { "Signed in by" } dd { (shown(&one.auth_method)) }
                dt { "Client" }
                dd { (shown(one.ip_address.as_deref().unwrap_or_default())) " " (shown(one.user_agent.as_deref().unwrap_or_default())) }
                @if let Some(impersonator) = &one.impersonator { dt { "Impersonator" } dd { code { (shown(impersonator)) } } }
                dt { "Began" } dd { (time(&one.created_at)) }
                dt { "Last used" } dd { (time(&one.last_active_at)) }
                @match &one.ended_at {
                    Some(at) => { dt { "Ended" } dd { (time(at)) } }
                    None => { dt { "Ends at the latest" } dd { (time(&one.expires_at)) } }
                }
            }
        }
    };
    Page::new("Session", "sessions", body)
}

/// Sessions of the application, newest first.
pub(crate) fn of_applications(view: &View<'_>) -> Result<Page, Problem> {
    let last = || Value::Text(LAST.to_owned());
    let [at, id] = uncursor(view.get("before"), [last(), last()]);
    let sql = include_str!("../../../sql/dashboard/app_sessions.sql");
    let mut found = rows(view.connection, sql, params![view.get("status"), at, id, WINDOW, PAGE as i64 + 1], app_session)?;
    let more = cut(&mut found);
    let next = found.last().filter(|_| more).map(|last| cursor(&[&Value::Text(last.created_at.clone()), &Value::Text(last.id.clone())]));
    let body = html! {
        h1 { "Sessions of the application" }
        form.fields method="get" action="app-sessions" {
            (choice("Status", "status", view.text("status"), Some("any"), &["active", "expired", "revoked"].map(str::to_owned)))
            button type="submit" { "Show" }
        }
        #app-sessions-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else {
                .scroll tabindex="0" role="region" aria-label="Table: sessions" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Began (UTC)" }
                                th scope="col" { "State" }
                                th scope="col" { "User" }
                                th scope="col" { "Organization" }
                                th scope="col" { "By" }
                                th scope="col" { "Last used" }
                                @if view.writable() { th scope="col" { span.unseen { "Change" } } }
                            }
                        }
                        tbody {
                            @for one in &found {
                                tr {
                                    td { a href=(href("session", &[("id", &one.id)])) { (time(&one.created_at)) } }
                                    td { (one.state()) }
                                    td {
                                        (subject(&format!("user:{}", one.user)))
                                        @if one.impersonator.is_some() { " " span.badge { "impersonated" } }
                                    }
                                    td { @if one.organization != Value::Null { (resource("organization", &one.organization, None)) } }
                                    td { (shown(&one.auth_method)) }
                                    td { (time(&one.last_active_at)) }
                                    @if view.writable() { td.act { (one.revoke(view)) } }
                                }
                            }
                        }
                    }
                }
            }
            (pager(view, "app-sessions", &["status"], "before", next.as_deref()))
        }
        p.also { a href="sessions" { "SSO sessions" } }
    };
    Page::new("Sessions of the application", "sessions", body)
}

/// Connections through which sign-ins fail, for the overview.
pub(crate) fn failing(view: &View<'_>) -> Result<Markup, Problem> {
    let found = rows(view.connection, include_str!("../../../sql/dashboard/failing.sql"), [], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(4)? + row.get::<_, i64>(5)?,
            row.get::<_, i64>(2)?,
            row.get::<_, Option<String>>(6)?,
        ))
    })?;
    Ok(html! {
        @for (connection, failed, started, error) in &found {
            li {
                "Through "
                a href=(href("sessions", &[("connection", connection)])) { (shown(connection)) }
                " "
                strong { (failed) }
                " of "
                (started)
                " sign-ins of the last day failed"
                @if let Some(error) = error { ", most often by " code { (shown(error)) } }
            }
        }
    })
}
