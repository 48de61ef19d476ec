//! The model: resource types, relations, its document, its history, and what it leaves without effect.

use authz::rusqlite::types::Value;
use maud::html;
use serde_json::Value as Json;

use crate::dashboard::file::{rows, text, value};
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::{button, folded, href, none, permission, plain, resource, shown, subject, time};

pub(crate) fn show(view: &View<'_>) -> Result<Page, Problem> {
    let connection = view.connection;
    let types = rows(connection, include_str!("../../../sql/dashboard/type_parents.sql"), [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, Option<String>>(3)?))
    })?;
    let relations = rows(connection, include_str!("../../../sql/dashboard/relations.sql"), [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let history = rows(connection, include_str!("../../../sql/dashboard/model_history.sql"), [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let orphans = rows(connection, include_str!("../../../sql/dashboard/some_orphans.sql"), [200], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, Value>(3)?))
    })?;
    let document: String = value(connection, "SELECT authz_model()", [])?;
    let document =
        serde_json::from_str::<Json>(&document).ok().and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or(document);
    let body = html! {
        h1 { "Model" }
        section aria-labelledby="types" {
            h2 #types { "Resource types" }
            .scroll tabindex="0" role="region" aria-label="Table: Resource types" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Type" }
                            th scope="col" { "Lies in" }
                            th scope="col" { "Found by" }
                            th scope="col" { "Description" }
                        }
                    }
                    tbody {
                        @for (slug, description, search, parents) in &types {
                            tr {
                                td { a href=(href("resources", &[("root", slug)])) { (shown(slug)) } }
                                td {
                                    @match parents {
                                        Some(parents) => (shown(&parents.replace(' ', ", "))), None => span.muted { "the top" }
                                    }
                                }
                                td {
                                    @match search.as_deref() {
                                        None => span.muted { "nobody" },
                                        Some("*") => "who finds something in it", Some(slug) => (permission(slug))
                                    }
                                }
                                td { (shown(description.as_deref().unwrap_or_default())) }
                            }
                        }
                    }
                }
            }
        }
        @if !relations.is_empty() {
            section aria-labelledby="relations" {
                h2 #relations { "Relations" }
                .scroll tabindex="0" role="region" aria-label="Table: Relations" {
                    table {
                        thead { tr { th scope="col" { "Type" } th scope="col" { "Relation" } th scope="col" { "Rule" } } }
                        tbody {
                            @for (of, relation, rule) in &relations {
                                tr { td { (shown(of)) } td { (shown(relation)) } td { code { (shown(rule)) } } }
                            }
                        }
                    }
                }
            }
        }
        #orphans-live data-live {
            @if !orphans.is_empty() {
                section aria-labelledby="orphans" {
                    h2 #orphans { "Relationships that the model does not allow" }
                    ul.names {
                        @for (who, relation, of, id) in &orphans {
                            li {
                                (subject(who)) " " strong { (shown(relation)) } " of " (resource(of, id, None)) " "
                                @let fields = [("subject", who.as_str()), ("relation", relation), ("type", of), ("id", &text(id))];
                                (button(view, "unrelate", &fields, "Unrelate", &format!("Unrelate {}", plain(who))))
                            }
                        }
                    }
                }
            }
        }
        section aria-labelledby="history" {
            h2 #history { "History" }
            @if history.is_empty() { (none("No document was applied yet.")) } @else {
                .scroll tabindex="0" role="region" aria-label="Table: History of the model" {
                    table {
                        thead { tr { th.number scope="col" { "Version" } th scope="col" { "At (UTC)" } th scope="col" { "What it did" } } }
                        tbody {
                            @for (version, summary, at) in &history {
                                tr { td.number { (version) } td { (time(at)) } td { code { (shown(summary)) } } }
                            }
                        }
                    }
                }
            }
        }
        (folded("The document", false, html! { pre tabindex="0" { @for line in document.lines().take(5000) { (shown(line)) "\n" } } }))
    };
    Page::new("Model", "model", body)
}
