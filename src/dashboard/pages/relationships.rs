//! Relationships: all of them, page by page.

use authz::rusqlite::params;
use authz::rusqlite::types::Value;
use maud::html;

use super::lookup::now;
use crate::dashboard::file::{rows, text};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{
    BEFORE_IDS, BEFORE_TEXTS, PAGE, button, choice, cursor, cut, expiry, field, none, pager, plain, resource, shown, subject, uncursor,
};

/// All relationships, or those of one type or of one relation.
pub(crate) fn list(view: &View<'_>) -> Result<Page, Problem> {
    let [s, r, t, i] = uncursor(view.get("after"), [BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_TEXTS, BEFORE_IDS]);
    let parameters = params![s, r, t, i, view.get("type"), view.get("relation"), PAGE as i64 + 1];
    let mut found = rows(view.connection, include_str!("../../../sql/dashboard/relationships.sql"), parameters, |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Value>(3)?,
            row.get::<_, Option<String>>(4)?,
        ))
    })?;
    let more = cut(&mut found);
    let next = found.last().filter(|_| more).map(|(who, relation, of, id, _)| {
        let text = |text: &String| Value::Text(text.clone());
        cursor(&[&text(who), &text(relation), &text(of), id])
    });
    let types = rows(view.connection, include_str!("../../../sql/dashboard/types.sql"), [], |row| row.get::<_, String>(0))?;
    let now = now(view)?;
    let body = html! {
        h1 { "Relationships" }
        form.fields method="get" action="relationships" {
            (choice("Type", "type", view.text("type"), Some("any"), &types))
            (field("Relation", "relation", view.text("relation"), "viewer"))
            button type="submit" { "Show" }
        }
        #relationships-live data-live {
            @if found.is_empty() { (none("There is none.")) } @else {
                .scroll tabindex="0" role="region" aria-label="Table: Relationships" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Subject" }
                                th scope="col" { "Relation" }
                                th scope="col" { "Resource" }
                                th scope="col" { "Until" }
                                @if view.writable() { th scope="col" { span.unseen { "Change" } } }
                            }
                        }
                        tbody {
                            @for (who, relation, of, id, expires_at) in &found {
                                @let id_text = text(id);
                                @let fields = [("subject", who.as_str()), ("relation", relation), ("type", of), ("id", &id_text)];
                                @let label = format!("Unrelate {} as {relation} of {of} {}", plain(who), plain(&id_text));
                                tr {
                                    td { (subject(who)) }
                                    td { (shown(relation)) }
                                    td { (resource(of, id, None)) }
                                    td { (expiry(expires_at.as_deref(), &now)) }
                                    @if view.writable() { td.act { (button(view, "unrelate", &fields, "Unrelate", &label)) } }
                                }
                            }
                        }
                    }
                }
            }
            (pager(view, "relationships", &["type", "relation"], "after", next.as_deref()))
        }
        p.also { a href="model#relations" { "The relations of the model" } }
    };
    Page::new("Relationships", "relationships", body)
}
