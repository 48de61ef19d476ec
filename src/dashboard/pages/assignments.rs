//! Who holds which role where: lists, and the forms that grant and revoke.

use authz::rusqlite::types::Value;
use authz::rusqlite::{Params, Row, params};
use maud::{Markup, html};

use super::lookup::{Resource, find, now, organization};
use crate::dashboard::file::{row, rows, text, value};
use crate::dashboard::layout::to_mend;
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_IDS, BEFORE_TEXTS, PAGE, back, button, choice, cursor, cut, expiry, field, folded, href, none, pager, plain, resource, role,
    shown, subject, uncursor,
};

/// A row of `authz_role_assignments`.
pub(crate) struct Assignment {
    pub(crate) subject: String,
    pub(crate) role: String,
    pub(crate) organization: Value,
    pub(crate) resource_type: String,
    pub(crate) resource_id: Value,
    pub(crate) expires_at: Option<String>,
    pub(crate) source: String,
}

fn assignment(row: &Row<'_>) -> authz::rusqlite::Result<Assignment> {
    Ok(Assignment {
        subject: row.get(0)?,
        role: row.get(1)?,
        organization: row.get(2)?,
        resource_type: row.get(3)?,
        resource_id: row.get(4)?,
        expires_at: row.get(5)?,
        source: row.get(6)?,
    })
}

impl Assignment {
    fn fields(&self) -> [Value; 6] {
        let text = |text: &str| Value::Text(text.to_owned());
        [
            text(&self.subject),
            text(&self.resource_type),
            self.resource_id.clone(),
            text(&self.role),
            text(&self.source),
            text(self.expires_at.as_deref().unwrap_or_default()),
        ]
    }
}

/// A page of assignments, and where the next begins: at the values of [`Assignment::fields`] that `key` names.
fn page(view: &View<'_>, sql: &str, parameters: impl Params, key: &[usize]) -> Result<(Vec<Assignment>, Option<String>), Problem> {
    let mut found = rows(view.connection, sql, parameters, assignment)?;
    let more = cut(&mut found);
    let next = found.last().filter(|_| more).map(|last| {
        let fields = last.fields();
        cursor(&key.iter().filter_map(|at| fields.get(*at)).collect::<Vec<_>>())
    });
    Ok((found, next))
}

/// Which columns a table leaves out, for they are the same in each row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fixed {
    Nothing,
    Subject,
    Role,
    Resource,
}

fn table(view: &View<'_>, found: &[Assignment], fixed: Fixed) -> Result<Markup, Problem> {
    let now = now(view)?;
    let (mut places, mut changes) = (Vec::new(), Vec::new());
    for one in found {
        changes.push(revoke(view, one)?);
        let name = match fixed {
            Fixed::Resource => None,
            _ => {
                row(view.connection, include_str!("../../../sql/dashboard/name.sql"), params![one.resource_type, one.resource_id], |row| {
                    row.get::<_, Option<String>>(0)
                })?
            }
        };
        places.push(resource(&one.resource_type, &one.resource_id, name.flatten().as_deref()));
    }
    Ok(html! {
        .scroll tabindex="0" role="region" aria-label="Table: Role assignments" {
            table {
                thead {
                    tr {
                        @if fixed != Fixed::Subject { th scope="col" { "Subject" } }
                        @if fixed != Fixed::Role { th scope="col" { "Role" } }
                        @if fixed != Fixed::Resource { th scope="col" { "On" } }
                        th scope="col" { "Until" }
                        th scope="col" { "From" }
                        @if view.writable() { th scope="col" { span.unseen { "Change" } } }
                    }
                }
                tbody {
                    @for ((one, place), change) in found.iter().zip(&places).zip(&changes) {
                        tr {
                            @if fixed != Fixed::Subject { td { (subject(&one.subject)) } }
                            @if fixed != Fixed::Role { td { (role(&one.role, &one.organization)) } }
                            @if fixed != Fixed::Resource { td { (place) } }
                            td { (expiry(one.expires_at.as_deref(), &now)) }
                            td { (shown(&one.source)) }
                            @if view.writable() { td.act { (change) } }
                        }
                    }
                }
            }
        }
    })
}

/// The button that takes an assignment back. What came from a directory or a sign-in is taken back there.
fn revoke(view: &View<'_>, one: &Assignment) -> Result<Markup, Problem> {
    if one.source != "direct" {
        return Ok(html! {});
    }
    let may_be_of_member = one.resource_type == "organization" && one.organization == Value::Null && one.expires_at.is_none();
    if let Some(user) = one.subject.strip_prefix("user:").filter(|_| may_be_of_member) {
        let sql = include_str!("../../../sql/dashboard/held_by_membership.sql");
        if value(view.connection, sql, params![one.role, user, one.resource_id])? {
            return Ok(html! { span.muted { "by the membership" } });
        }
    }
    let id = text(&one.resource_id);
    let fields = [("subject", one.subject.as_str()), ("role", &one.role), ("type", &one.resource_type), ("id", &id)];
    let label = format!("Revoke {} from {} on {} {}", one.role, plain(&one.subject), one.resource_type, plain(&id));
    Ok(button(view, "revoke", &fields, "Revoke", &label))
}

/// All assignments, those of a role, or those that have ended.
pub(crate) fn list(view: &View<'_>) -> Result<Page, Problem> {
    let limit = PAGE as i64 + 1;
    let after = view.get("after");
    let role = view.get("role");
    let form = html! {
        form.fields method="get" action="assignments" {
            (field("Role", "role", view.text("role"), "every role"))
            (field("Role of the organization", "organization", view.text("organization"), "any, and of none"))
            (choice("State", "state", view.text("state"), Some("any"), &["ended".to_owned()]))
            button type="submit" { "Show" }
        }
    };
    let of = organization(view, view.text("organization"))?;
    if let Some(name) = view.get("organization").filter(|_| of == Value::Null) {
        let found = Problem::refused(format!("no organization `{}` is registered", plain(name)));
        return to_mend("Role assignments", "assignments", &form, &found);
    }
    let (found, next) = match (role, view.get("state")) {
        (_, Some("ended")) => {
            let [e, s, t, i, r, f] = uncursor(after, [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_IDS, BEFORE_TEXTS, BEFORE_TEXTS]);
            page(
                view,
                include_str!("../../../sql/dashboard/assignments_ended.sql"),
                params![now(view)?, e, s, t, i, r, f, limit, role, of],
                &[5, 0, 1, 2, 3, 4],
            )?
        }
        (Some(slug), _) => {
            let [s, t, i, f] = uncursor(after, [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_IDS, BEFORE_TEXTS]);
            page(view, include_str!("../../../sql/dashboard/assignments_of_slug.sql"), params![slug, of, s, t, i, f, limit], &[0, 1, 2, 4])?
        }
        _ => {
            let [s, t, i, r, f] = uncursor(after, [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_IDS, BEFORE_TEXTS, BEFORE_TEXTS]);
            page(view, include_str!("../../../sql/dashboard/assignments.sql"), params![s, t, i, r, f, limit, of], &[0, 1, 2, 3, 4])?
        }
    };
    let body = html! {
        h1 { "Role assignments" }
        (form)
        @if view.writable() { p { a href=(href("grant", &[])) { "Grant a role" } } }
        #assignments-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else { (table(view, &found, Fixed::Nothing)?) }
            (pager(view, "assignments", &["role", "organization", "state"], "after", next.as_deref()))
        }
    };
    Page::new("Role assignments", "assignments", body)
}

/// The assignments on a resource, and the form to grant one more.
pub(crate) fn on(view: &View<'_>, here: &Resource) -> Result<Markup, Problem> {
    let [s, r, f] = uncursor(view.get("held"), [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_TEXTS]);
    let sql = include_str!("../../../sql/dashboard/assignments_on.sql");
    let (found, next) = page(view, sql, params![here.resource_type, here.id, s, r, f, PAGE as i64 + 1], &[0, 3, 4])?;
    let form = grant_form(view, view.text("subject"), "", here)?;
    Ok(html! {
        section aria-labelledby="held" {
            h2 #held { "Roles held here" }
            @if found.is_empty() { (none("None; what holds here comes from above.")) } @else { (table(view, &found, Fixed::Resource)?) }
            (pager(view, "resource", &["type", "id", "permission"], "held", next.as_deref()))
            @if view.writable() { (folded("Grant a role here", false, form)) }
        }
    })
}

/// What a subject holds.
pub(crate) fn of(view: &View<'_>, who: &str) -> Result<Markup, Problem> {
    let [t, i, r, f] = uncursor(view.get("held"), [BEFORE_TEXTS, BEFORE_IDS, BEFORE_TEXTS, BEFORE_TEXTS]);
    let sql = include_str!("../../../sql/dashboard/assignments_of.sql");
    let (found, next) = page(view, sql, params![who, t, i, r, f, PAGE as i64 + 1], &[1, 2, 3, 4])?;
    Ok(html! {
        section aria-labelledby="held" {
            h2 #held { "Roles held" }
            @if found.is_empty() { (none("None by itself.")) } @else { (table(view, &found, Fixed::Subject)?) }
            (pager(view, "subject", &["id"], "held", next.as_deref()))
            @if view.writable() { p { a href=(href("grant", &[("subject", who), ("from", &view.here)])) { "Grant a role" } } }
        }
    })
}

/// Who holds a role.
pub(crate) fn holders(view: &View<'_>, slug: &str, of: &Value) -> Result<Markup, Problem> {
    let [s, t, i, f] = uncursor(view.get("held"), [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_IDS, BEFORE_TEXTS]);
    let sql = include_str!("../../../sql/dashboard/assignments_of_role.sql");
    let (found, next) = page(view, sql, params![slug, of, s, t, i, f, PAGE as i64 + 1], &[0, 1, 2, 4])?;
    Ok(html! {
        section aria-labelledby="held" {
            h2 #held { "Who holds it" }
            @if found.is_empty() { (none("Nobody.")) } @else { (table(view, &found, Fixed::Role)?) }
            (pager(view, "role", &["slug", "organization"], "held", next.as_deref()))
        }
    })
}

/// What a subject holds on one resource itself, and the form to grant it more there.
pub(crate) fn change_here(view: &View<'_>, who: &str, resource_type: &str, id: &str) -> Result<Markup, Problem> {
    let Some(here) = find(view, resource_type, id)? else { return Ok(html! {}) };
    let held = rows(
        view.connection,
        include_str!("../../../sql/dashboard/assignments_of_on.sql"),
        params![who, resource_type, here.id],
        assignment,
    )?;
    let form = grant_form(view, who, "", &here)?;
    Ok(html! {
        section aria-labelledby="here" {
            h2 #here { "Roles of this subject on this very resource" }
            @if held.is_empty() { (none("None.")) } @else { (table(view, &held, Fixed::Subject)?) }
            @if view.writable() { (folded("Grant a role here", false, form)) }
        }
    })
}

/// The form that grants a role on a resource.
fn grant_form(view: &View<'_>, who: &str, slug: &str, here: &Resource) -> Result<Markup, Problem> {
    if !view.writable() {
        return Ok(html! {});
    }
    let sql = include_str!("../../../sql/dashboard/roles_of_type.sql");
    let roles = rows(view.connection, sql, params![here.resource_type, here.organization], |row| row.get::<_, String>(0))?;
    if roles.is_empty() {
        return Ok(none("No role can be held on a resource of this type."));
    }
    let chosen = if slug.is_empty() { roles.first().map_or("", String::as_str) } else { slug };
    Ok(html! {
        form.fields method="post" action="grant" {
            input type="hidden" name="type" value=(here.resource_type);
            input type="hidden" name="id" value=(text(&here.id));
            @match view.get("from") { Some(from) => { input type="hidden" name="back" value=(from); } None => (back(view)) }
            (field("Subject", "subject", who, "user:ana"))
            (choice("Role", "role", chosen, None, &roles))
            (until())
            button type="submit" { "Grant" }
        }
    })
}

/// The field for an expiry. The browser has one for dates and times; they mean UTC.
fn until() -> Markup {
    html! { label { span { "Until (UTC), or empty" } input type="datetime-local" name="expires_at" step="1"; } }
}

/// The form that grants a role anywhere.
pub(crate) fn grant(view: &View<'_>) -> Result<Page, Problem> {
    if !view.writable() {
        return Err(Problem::refused("the file was opened with --read-only; start `authz dashboard` without it to change something"));
    }
    let here = match (view.get("type"), view.get("id")) {
        (Some(of), Some(id)) => find(view, of, id)?,
        _ => None,
    };
    let types = rows(view.connection, include_str!("../../../sql/dashboard/types.sql"), [], |row| row.get::<_, String>(0))?;
    let body = html! {
        h1 { "Grant a role" }
        @if let Some(here) = &here {
            p { "On " (resource(&here.resource_type, &here.id, here.name.as_deref())) }
            (grant_form(view, view.text("subject"), view.text("role"), here)?)
        } @else {
            form.fields method="post" action="grant" {
                @match view.get("from") { Some(from) => { input type="hidden" name="back" value=(from); } None => (back(view)) }
                label {
                    span { "Subject" }
                    input type="text" name="subject" value=(view.text("subject")) placeholder="user:ana" autocomplete="off"
                        spellcheck="false" autofocus;
                }
                (field("Role", "role", view.text("role"), "editor"))
                (choice("Type of the resource", "type", view.text("type"), None, &types))
                (field("Its id", "id", view.text("id"), "42"))
                (until())
                button type="submit" { "Grant" }
            }
        }
    };
    Page::new("Grant a role", "assignments", body)
}
