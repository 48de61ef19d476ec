//! What a field for a subject may propose.

use authz::rusqlite::params;
use maud::{Markup, html};

use crate::dashboard::file::rows;
use crate::dashboard::page::{Page, View};
use crate::dashboard::problem::Problem;
use crate::dashboard::words::plain;

/// Kinds of subjects, and how many of each are proposed before anything is typed.
const KINDS: [(&str, i64); 4] = [("user", 60), ("group", 40), ("agent", 20), ("service", 20)];

/// How many of each kind are proposed for what was typed.
const FEW: i64 = 15;

/// Subjects of every kind, before anything is typed.
pub(crate) fn some(view: &View<'_>) -> Result<Markup, Problem> {
    let mut all = Vec::new();
    for (kind, most) in KINDS {
        all.extend(beginning(view, &format!("{kind}:"), most)?);
    }
    Ok(options(&all))
}

/// Subjects whose id begins with what was typed, with its kind or without: a part of a page.
pub(crate) fn subjects(view: &View<'_>) -> Result<Page, Problem> {
    let typed = view.text("q");
    let mut all = Vec::new();
    match typed.contains(':') {
        true => all = beginning(view, typed, FEW)?,
        false => {
            for (kind, _) in KINDS {
                all.extend(beginning(view, &format!("{kind}:{typed}"), FEW)?);
            }
        }
    }
    Ok(Page::Part(options(&all)))
}

/// Subjects that begin so, each with its name.
fn beginning(view: &View<'_>, start: &str, most: i64) -> Result<Vec<(String, Option<String>)>, Problem> {
    let end = format!("{start}\u{10ffff}");
    rows(view.connection, include_str!("../../../sql/dashboard/subjects.sql"), params![start, end, most], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

fn options(all: &[(String, Option<String>)]) -> Markup {
    html! { @for (one, name) in all { option value=(one) label=[name.as_deref().map(plain)] {} } }
}
