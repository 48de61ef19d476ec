//! What is known of a user by attributes, where each came from, and the claims that a template would give.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::{Markup, html};

use crate::dashboard::file::{row, rows, text, value};
use crate::dashboard::page::View;
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{folded, none, plain, shown, time};

/// The attributes of a user in an organization, and the claims of a token.
pub(crate) fn of(view: &View<'_>, user: &str, organization: &Value) -> Result<Markup, Problem> {
    let found = rows(view.connection, include_str!("../../../sql/dashboard/attributes.sql"), params![user, organization], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, Value>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, Option<String>>(4)?,
        ))
    })?;
    let problems =
        rows(view.connection, include_str!("../../../sql/dashboard/attribute_problems.sql"), params![user, organization], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, String>(2)?))
        })?;
    let problem = |name: &str| problems.iter().find(|(of, ..)| of == name);
    let of = text(organization);
    Ok(html! {
        h3 { "Attributes in " (shown(&of)) }
        @if found.is_empty() { (none("Nobody has told any.")) } @else {
            .scroll tabindex="0" role="region" aria-label=(format!("Table: attributes in {of}")) {
                table {
                    thead {
                        tr {
                            th scope="col" { "Attribute" }
                            th scope="col" { "Value" }
                            th scope="col" { "From" }
                            th scope="col" { "Seen last" }
                        }
                    }
                    tbody {
                        @for (name, value, source, seen, provider) in &found {
                            tr {
                                th scope="row" { (shown(name)) }
                                td {
                                    @match (value, problem(name)) {
                                        (Value::Null, Some((_, kind, told))) => span.bad {
                                            "told as " code { (shown(told)) } ", which is no " (shown(kind.as_deref().unwrap_or("value of its type")))
                                        },
                                        (Value::Null, None) => span.muted { "nothing" },
                                        (value, _) => (shown(&text(value))),
                                    }
                                }
                                td { (shown(source)) " " (shown(provider.as_deref().unwrap_or("by the application"))) }
                                td { (time(seen)) }
                            }
                        }
                    }
                }
            }
        }
        (claims(view, user, organization)?)
    })
}

/// The claims as they are, or as the template in the URL would give them.
fn claims(view: &View<'_>, user: &str, organization: &Value) -> Result<Markup, Problem> {
    let of = text(organization);
    let tried = view.get("template").filter(|_| view.get("in") == Some(of.as_str()));
    let stored = row(view.connection, include_str!("../../../sql/dashboard/template.sql"), [], |row| row.get::<_, String>(0))?;
    let answer = match tried {
        Some(template) => {
            value::<String>(view.connection, include_str!("../../../sql/dashboard/rendered.sql"), params![template, user, organization])
        }
        None => value::<String>(view.connection, include_str!("../../../sql/dashboard/claims.sql"), params![user, organization]),
    };
    let shown_claims = match answer {
        Ok(json) => {
            let pretty = serde_json::from_str::<serde_json::Value>(&json).ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
            html! { pre tabindex="0" { @for line in pretty.as_deref().unwrap_or(&json).lines() { (shown(line)) "\n" } } }
        }
        // A refusal says what is wrong with the template, or why there are no claims.
        Err(problem) if problem.status.is_client_error() => html! { p.problem role="alert" { (shown(&problem.sentence)) } },
        Err(problem) => return Err(problem),
    };
    let template = tried.map(str::to_owned).or(stored).unwrap_or_default();
    Ok(folded(
        &format!("Claims in {}", plain(&of)),
        tried.is_some(),
        html! {
            (shown_claims)
            form.fields method="get" action="subject" {
                input type="hidden" name="id" value=(format!("user:{user}"));
                input type="hidden" name="in" value=(of);
                label.wide {
                    span { "As another template would give them" }
                    textarea name="template" rows="6" spellcheck="false" { (template) }
                }
                button type="submit" { "Try" }
            }
        },
    ))
}
