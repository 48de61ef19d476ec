//! Subjects and groups.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};

use super::{assignments, attributes};
use crate::dashboard::file::{row, rows, text, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_IDS, BEFORE_TEXTS, PAGE, back, button, choice, cursor, cut, expiry, field, folded, href, none, pager, plain, resource, shown,
    subject, time, uncursor,
};

/// More members than this are not counted.
const MOST_COUNTED: i64 = 1_000;

/// Every subject of which anything is known.
pub(crate) fn list(view: &View<'_>) -> Result<Page, Problem> {
    let kinds = ["user", "agent", "service", "group"].map(str::to_owned);
    let (first, end) = match view.get("kind") {
        // `;` follows `:`, and `{` whatever a type may begin with.
        Some(kind) => (format!("{kind}:"), format!("{kind};")),
        None => (String::new(), "{".to_owned()),
    };
    let after = view.get("after").unwrap_or(&first);
    let sql = include_str!("../../../sql/dashboard/subjects.sql");
    let mut found = rows(view.connection, sql, params![after, end, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let more = cut(&mut found);
    let next = if more { found.last().map(|(one, ..)| one.as_str()) } else { None };
    let body = html! {
        h1 { "Subjects" }
        p.muted { "Users, and whoever holds a role, is in a group or has a relationship." }
        form.fields method="get" action="subjects" {
            (choice("Kind", "kind", view.text("kind"), Some("every kind"), &kinds))
            button type="submit" { "Show" }
        }
        #subjects-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else {
                .scroll tabindex="0" role="region" aria-label="Table: Subjects" {
                    table {
                        thead { tr { th scope="col" { "Subject" } th scope="col" { "Name" } th scope="col" { "E-mail" } } }
                        tbody {
                            @for (one, name, email) in &found {
                                tr {
                                    td { (subject(one)) }
                                    td { (shown(name.as_deref().unwrap_or_default())) }
                                    td { (shown(email.as_deref().unwrap_or_default())) }
                                }
                            }
                        }
                    }
                }
            }
            (pager(view, "subjects", &["kind"], "after", next))
        }
    };
    Page::new("Subjects", "subjects", body)
}

/// Every group.
pub(crate) fn groups(view: &View<'_>) -> Result<Page, Problem> {
    let sql = include_str!("../../../sql/dashboard/groups.sql");
    let mut found = rows(view.connection, sql, params![view.text("after"), MOST_COUNTED + 1, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Value>(2)?, row.get::<_, i64>(3)?))
    })?;
    let more = cut(&mut found);
    let next = if more { found.last().map(|(id, ..)| id.as_str()) } else { None };
    let body = html! {
        h1 { "Groups" }
        #groups-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else {
                .scroll tabindex="0" role="region" aria-label="Table: Groups" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Group" }
                                th scope="col" { "Name" }
                                th scope="col" { "Organization" }
                                th.number scope="col" { "Members" }
                            }
                        }
                        tbody {
                            @for (id, name, organization, members) in &found {
                                tr {
                                    td { (subject(&format!("group:{id}"))) }
                                    td { (shown(name.as_deref().unwrap_or_default())) }
                                    td { @if *organization != Value::Null { (resource("organization", organization, None)) } }
                                    td.number { @if *members > MOST_COUNTED { (MOST_COUNTED) "+" } @else { (members) } }
                                }
                            }
                        }
                    }
                }
            }
            (pager(view, "groups", &[], "after", next))
        }
        @if view.writable() {
            (folded("Add a member to a group", view.get("new").is_some(), html! {
                form.fields method="post" action="add-member" {
                    (back(view))
                    (field("Group", "group", "", "group:eng"))
                    (field("Member", "member", "", "user:ana"))
                    button type="submit" { "Add" }
                }
            }))
        }
    };
    Page::new("Groups", "groups", body)
}

/// The page of a subject: who it is, where it belongs, what it holds; of a group its members.
pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let Some(who) = view.get("id") else { return Err(Problem::missing("no subject is named")) };
    let (kind, id) = who.split_once(':').unwrap_or(("user", who));
    let who = format!("{kind}:{id}");
    let types = rows(view.connection, include_str!("../../../sql/dashboard/types.sql"), [], |row| row.get::<_, String>(0))?;
    let body = html! {
        h1 { (shown(&who)) }
        @if kind == "user" { (user(view, id)?) }
        @if kind == "group" { (group(view, id)?) }
        #subject-live data-live {
            @if kind == "group" { (members(view, id)?) }
            (groups_of(view, &who)?)
            (assignments::of(view, &who)?)
            (relationships(view, &who)?)
        }
        section aria-labelledby="sees" {
            h2 #sees { "What it may do" }
            form.fields method="get" action="access" {
                input type="hidden" name="subject" value=(who);
                (field("Permission or relation", "permission", "", "document:read"))
                (choice("Type", "type", "", Some("that of the permission"), &types))
                (field("Id", "id", "", "every resource"))
                button type="submit" { "Ask" }
            }
        }
    };
    Page::new(who.clone(), if kind == "group" { "groups" } else { "subjects" }, body)
}

/// What the file knows of a user.
fn user(view: &View<'_>, id: &str) -> Result<Markup, Problem> {
    let found = row(view.connection, include_str!("../../../sql/dashboard/user.sql"), [id], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, String>(3)?))
    })?;
    let memberships = rows(view.connection, include_str!("../../../sql/dashboard/memberships.sql"), [id], |row| {
        Ok((row.get::<_, Value>(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, String>(3)?, row.get::<_, bool>(4)?))
    })?;
    Ok(html! {
        @if let Some((email, name, external_id, created_at)) = &found {
            dl.facts {
                @if let Some(name) = name { dt { "Name" } dd { (shown(name)) } }
                @if let Some(email) = email { dt { "E-mail" } dd { (shown(email)) } }
                @if let Some(external_id) = external_id { dt { "External id" } dd { code { (shown(external_id)) } } }
                dt { "Known since" } dd { (time(created_at)) }
            }
        }
        @if !memberships.is_empty() {
            section aria-labelledby="memberships" {
                h2 #memberships { "Memberships" }
                ul.names {
                    @for (organization, name, status, managed) in &memberships {
                        li {
                            (resource("organization", organization, name.as_deref())) " "
                            span.badge.bad[status != "active"] { (shown(status)) }
                            @if *managed { " " span.badge { "by a directory" } }
                        }
                    }
                }
                @for (organization, ..) in &memberships { (attributes::of(view, id, organization)?) }
            }
        }
    })
}

/// What the file knows of a group.
fn group(view: &View<'_>, id: &str) -> Result<Markup, Problem> {
    let found = row(view.connection, include_str!("../../../sql/dashboard/group.sql"), [id], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Value>(2)?, row.get::<_, String>(3)?))
    })?;
    Ok(html! {
        @if let Some((name, description, organization, created_at)) = &found {
            dl.facts {
                @if let Some(name) = name { dt { "Name" } dd { (shown(name)) } }
                @if let Some(description) = description { dt { "Description" } dd { (shown(description)) } }
                @if *organization != Value::Null { dt { "Organization" } dd { (resource("organization", organization, None)) } }
                dt { "Since" } dd { (time(created_at)) }
            }
        }
    })
}

fn members(view: &View<'_>, id: &str) -> Result<Markup, Problem> {
    let sql = include_str!("../../../sql/dashboard/members.sql");
    let mut found = rows(view.connection, sql, params![id, view.text("members"), PAGE as i64 + 1], |row| row.get::<_, String>(0))?;
    let more = cut(&mut found);
    let next = if more { found.last().map(String::as_str) } else { None };
    let group = format!("group:{id}");
    Ok(html! {
        section aria-labelledby="members" {
            h2 #members { "Members" }
            @if found.is_empty() { (none("Nobody.")) }
            ul.names {
                @for one in &found {
                    li {
                        (subject(one))
                        " "
                        @let label = format!("Remove {} from the group", plain(one));
                        (button(view, "remove-member", &[("group", &group), ("member", one)], "Remove", &label))
                    }
                }
            }
            (pager(view, "subject", &["id"], "members", next))
            @if view.writable() {
                form.fields method="post" action="add-member" {
                    input type="hidden" name="group" value=(group);
                    (back(view))
                    (field("New member", "member", "", "user:ana"))
                    button type="submit" { "Add" }
                }
            }
        }
    })
}

fn groups_of(view: &View<'_>, who: &str) -> Result<Markup, Problem> {
    let sql = include_str!("../../../sql/dashboard/groups_of.sql");
    let mut found = rows(view.connection, sql, params![who, view.text("groups"), PAGE as i64 + 1], |row| row.get::<_, String>(0))?;
    let more = cut(&mut found);
    let next = if more { found.last().map(String::as_str) } else { None };
    Ok(html! {
        section aria-labelledby="groups" {
            h2 #groups { "In the groups" }
            @if found.is_empty() { (none("In none.")) }
            ul.names {
                @for id in &found {
                    @let group = format!("group:{id}");
                    li {
                        (subject(&group))
                        " "
                        (button(view, "remove-member", &[("group", &group), ("member", who)], "Leave", &format!("Leave {}", plain(&group))))
                    }
                }
            }
            (pager(view, "subject", &["id"], "groups", next))
            @if view.writable() {
                form.fields method="post" action="add-member" {
                    input type="hidden" name="member" value=(who);
                    (back(view))
                    (field("Add it to the group", "group", "", "group:eng"))
                    button type="submit" { "Add" }
                }
            }
        }
    })
}

/// What is written about a subject itself by relations.
fn relationships(view: &View<'_>, who: &str) -> Result<Markup, Problem> {
    let [r, t, i] = uncursor(view.get("related"), [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_IDS]);
    let sql = include_str!("../../../sql/dashboard/relationships_of.sql");
    let mut found = rows(view.connection, sql, params![who, r, t, i, PAGE as i64 + 1], |row| {
        Ok((row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, Value>(3)?, row.get::<_, Option<String>>(4)?))
    })?;
    let more = cut(&mut found);
    let next =
        found.last().filter(|_| more).map(|(relation, of, id, _)| cursor(&[&Value::Text(relation.clone()), &Value::Text(of.clone()), id]));
    if found.is_empty() && view.get("related").is_none() {
        return Ok(html! {});
    }
    let now: String = value(view.connection, include_str!("../../../sql/dashboard/now.sql"), [])?;
    Ok(html! {
        section aria-labelledby="related" {
            h2 #related { "Relationships" }
            ul.names {
                @for (relation, of, id, expires_at) in &found {
                    li {
                        strong { (shown(relation)) } " of " (resource(of, id, None))
                        @if expires_at.is_some() { " until " (expiry(expires_at.as_deref(), &now)) }
                        " "
                        @let fields = [("subject", who), ("relation", relation), ("type", of), ("id", &text(id))];
                        @let label = format!("Unrelate: {relation} of {of} {}", plain(&text(id)));
                        (button(view, "unrelate", &fields, "Unrelate", &label))
                    }
                }
            }
            (pager(view, "subject", &["id"], "related", next.as_deref()))
            p { a href=(href("access", &[("subject", who)])) { "What follows from them" } }
        }
    })
}
