//! Access: who may do what where. Of subject, permission and resource one may be left out: that one is listed.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};

use super::{assignments, explanation, suggestions};
use crate::dashboard::file::{as_integer, row, rows, text, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_IDS, PAGE, choice, cursor, cut, field, field_of, folded, href, none, pager, permission, plain, resource, shown, subject,
    uncursor,
};

/// From so many resources on it is quicker to go through those there are than to sort those that are seen.
const MANY: i64 = 5_000;

pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let answered = match answer(view) {
        Ok(answered) => answered,
        // What was asked cannot be answered; the form stays, to be mended.
        Err(problem) if problem.status.is_client_error() => html! { p.problem role="alert" { (shown(&problem.sentence)) } },
        Err(problem) => return Err(problem),
    };
    let connection = view.connection;
    let types = strings(view, include_str!("../../../sql/dashboard/types.sql"))?;
    let of = Some(view.text("type")).filter(|of| !of.is_empty());
    let permissions =
        rows(connection, include_str!("../../../sql/dashboard/some_permissions.sql"), params![of, 1_000], |row| row.get::<_, String>(0))?;
    let body = html! {
        h1 { "Access" }
        p.muted { "Who may do what where? Leave the subject, the permission or the id empty, and it is listed." }
        form.fields method="get" action="access" {
            (field_of("Subject", "subject", view.text("subject"), "user:ana", "some-subjects"))
            (field_of("Permission or relation", "permission", view.text("permission"), "document:read", "some-permissions"))
            (choice("Type", "type", view.text("type"), Some("that of the permission"), &types))
            (field("Id", "id", view.text("id"), "42"))
            button type="submit" { "Ask" }
        }
        datalist #some-subjects data-suggestions="suggestions" { (suggestions::some(view)?) }
        datalist #some-permissions { @for one in &permissions { option value=(one) {} } }
        #answer data-live { (answered) }
    };
    Page::new("Access", "access", body)
}

/// The link to the explanation of one row of a list, which is read out with what it is about.
pub(crate) fn why(who: &str, what: &str, of: &str, id: &str, about: &str) -> Markup {
    let link = href("access", &[("subject", who), ("permission", what), ("type", of), ("id", id)]);
    html! { " " a.small href=(link) aria-label=(format!("Why {}", plain(about))) { "why?" } }
}

fn strings(view: &View<'_>, sql: &str) -> Result<Vec<String>, Problem> {
    rows(view.connection, sql, [], |row| row.get(0))
}

fn answer(view: &View<'_>) -> Result<Markup, Problem> {
    let asked = view.get("permission");
    let of_permission = match (view.get("type"), asked) {
        (None, Some(slug)) => {
            row(view.connection, include_str!("../../../sql/dashboard/permission_type.sql"), [slug], |row| row.get::<_, String>(0))?
        }
        _ => None,
    };
    let resource_type = view.get("type").or(of_permission.as_deref());
    match (view.get("subject"), asked, resource_type, view.get("id")) {
        (Some(who), Some(what), Some(of), Some(id)) => one(view, who, what, of, id),
        (None, Some(what), Some(of), Some(id)) => who_can(view, what, of, id),
        (Some(who), Some(what), Some(of), None) => what_can(view, who, what, of),
        (Some(who), None, Some(of), Some(id)) => what_may(view, who, of, id),
        (None, None, None, None) => Ok(html! {}),
        (_, Some(_), None, _) => Ok(none("Choose the type too: a relation may belong to several.")),
        _ => Ok(none("Two of the three are needed: who, what, where.")),
    }
}

/// A resource with its name, where it is registered.
fn place(view: &View<'_>, of: &str, id: &str) -> Result<Markup, Problem> {
    let found = row(view.connection, include_str!("../../../sql/dashboard/find_resource.sql"), params![of, id, as_integer(id)], |row| {
        Ok((row.get::<_, Value>(0)?, row.get::<_, Option<String>>(4)?))
    })?;
    let (id, name) = found.unwrap_or_else(|| (Value::Text(id.to_owned()), None));
    Ok(resource(of, &id, name.as_deref()))
}

/// One decision with its explanation, what is held there, and the form to grant.
fn one(view: &View<'_>, who: &str, what: &str, of: &str, id: &str) -> Result<Markup, Problem> {
    let explained: String = value(view.connection, "SELECT authz_explain(?1, ?2, ?3, ?4)", params![who, what, of, id])?;
    Ok(html! {
        section { (explanation::draw(view, &explained)?) }
        (assignments::change_here(view, who, of, id)?)
        p.also {
            a href=(href("access", &[("permission", what), ("type", of), ("id", id)])) { "Who else has this?" } " · "
            a href=(href("access", &[("subject", who), ("type", of), ("id", id)])) { "What else here?" } " · "
            a href=(href("access", &[("subject", who), ("permission", what), ("type", of)])) { "Where else?" }
        }
    })
}

pub(crate) fn who_can(view: &View<'_>, what: &str, of: &str, id: &str) -> Result<Markup, Problem> {
    let mut found = rows(
        view.connection,
        include_str!("../../../sql/dashboard/who_can.sql"),
        params![what, of, id, view.text("after"), PAGE as i64 + 1],
        |row| row.get::<_, String>(0),
    )?;
    let more = cut(&mut found);
    let next = if more { found.last().map(String::as_str) } else { None };
    Ok(html! {
        section {
            h2 { "Who has " (shown(what)) " on " (place(view, of, id)?) }
            @if found.is_empty() { (none("Nobody.")) }
            ul.names {
                @for one in &found {
                    li {
                        (subject(one))
                        (why(one, what, of, id, one))
                    }
                }
            }
            (pager(view, "access", &["permission", "type", "id"], "after", next))
        }
    })
}

fn what_can(view: &View<'_>, who: &str, what: &str, of: &str) -> Result<Markup, Problem> {
    let [after] = uncursor(view.get("after"), [BEFORE_IDS]);
    let many: bool = value(view.connection, include_str!("../../../sql/dashboard/sees_many.sql"), params![who, what, of, MANY])?;
    let sql = match many {
        true => include_str!("../../../sql/dashboard/what_can_by_row.sql"),
        false => include_str!("../../../sql/dashboard/what_can.sql"),
    };
    let mut found = rows(view.connection, sql, params![who, what, of, after, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, Value>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    let more = cut(&mut found);
    let next = if more { found.last().map(|(id, _)| cursor(&[id])) } else { None };
    Ok(html! {
        section {
            h2 { "Where " (subject(who)) " has " (shown(what)) }
            @if found.is_empty() { (none("Nowhere.")) }
            ul.names {
                @for (id, name) in &found {
                    li {
                        (resource(of, id, name.as_deref()))
                        (why(who, what, of, &text(id), &text(id)))
                    }
                }
            }
            (pager(view, "access", &["subject", "permission", "type"], "after", next.as_deref()))
        }
    })
}

fn what_may(view: &View<'_>, who: &str, of: &str, id: &str) -> Result<Markup, Problem> {
    let found =
        rows(view.connection, include_str!("../../../sql/dashboard/what_may.sql"), params![who, of, id], |row| row.get::<_, String>(0))?;
    let (shown_first, rest) = found.split_at(found.len().min(200));
    let list = |some: &[String]| {
        html! {
            ul.names {
                @for one in some {
                    li {
                        (permission(one))
                        (why(who, one, of, id, one))
                    }
                }
            }
        }
    };
    Ok(html! {
        section {
            h2 { "What " (subject(who)) " may do on " (place(view, of, id)?) }
            @if found.is_empty() { (none("Nothing.")) }
            (list(shown_first))
            @if !rest.is_empty() { (folded(&format!("{} more", rest.len()), false, list(rest))) }
        }
        (assignments::change_here(view, who, of, id)?)
    })
}
