//! The frame of every page: where one is, where one can go, the box that finds, what was just done.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::page::{Page, View};
use super::problem::Problem;
use super::site::Site;
use super::words::{plain, shown};

/// Sections of the navigation: page and title.
const SECTIONS: [(&str, &str); 12] = [
    ("overview", "Overview"),
    ("access", "Access"),
    ("resources", "Resources"),
    ("roles", "Roles"),
    ("permissions", "Permissions"),
    ("assignments", "Assignments"),
    ("relationships", "Relationships"),
    ("subjects", "Subjects"),
    ("groups", "Groups"),
    ("sessions", "Sessions"),
    ("events", "Events"),
    ("model", "Model"),
];

/// A whole page.
pub(crate) fn whole(view: &View<'_>, title: &str, section: &str, body: &Markup) -> Result<Markup, Problem> {
    let said = match view.get("done") {
        Some("changed") => Some("Done."),
        Some("unchanged") => Some("That is how it was already: nothing was changed."),
        _ => None,
    };
    let page = html! {
        (top(view.site))
        nav.sections aria-label="Sections" {
            ul {
                @for (page, title) in SECTIONS {
                    li { a href=(page) aria-current=[(page == section).then_some("page")] { (title) } }
                }
            }
        }
        main #main tabindex="-1" data-news=(view.news) {
            @if let Some(said) = said { p.notice role="status" { (said) } }
            (body)
        }
        (palette())
    };
    Ok(frame(&format!("{} · {}", plain(title), plain(&view.site.name)), &page))
}

/// A page whose form was filled in so that there is no answer: the form stays, to be mended.
pub(crate) fn to_mend(title: &str, section: &'static str, form: &Markup, found: &Problem) -> Result<Page, Problem> {
    let body = html! {
        h1 { (title) }
        (form)
        p.problem role="alert" { (shown(&found.sentence)) }
    };
    Ok(Page::Whole { title: title.to_owned(), section, body, status: found.status })
}

/// A page that says why there is none.
fn problem(site: &Site, sentence: &str, was_to_change: bool) -> Markup {
    let page = html! {
        (top(site))
        main #main tabindex="-1" {
            h1 { "That did not work" }
            p.problem role="alert" { (shown(sentence)) }
            p { @if was_to_change { "Nothing was changed. " } a #go-back href="overview" { "Go back" } }
        }
        (palette())
    };
    frame(&format!("Refused · {}", plain(&site.name)), &page)
}

/// What stands above every page.
fn top(site: &Site) -> Markup {
    html! {
        header.top {
            a.brand href="overview" { img src="icon.svg" alt="" width="22" height="22"; (shown(&site.name)) }
            @if site.read_only { span.badge { "read-only" } }
            a.search #palette-open href="palette" { span { "Search" } kbd aria-hidden="true" { "Ctrl K" } }
            span.live #live hidden { "live" }
        }
    }
}

/// The box that the script opens.
fn palette() -> Markup {
    html! {
        dialog #palette aria-label="Search" {
            input #palette-query type="text" role="combobox" aria-label="Search for resources, pages and actions" aria-expanded="false"
                aria-controls="palette-list" aria-autocomplete="list" autocomplete="off" spellcheck="false"
                placeholder="A resource, a page, an action …" maxlength="200";
            ul #palette-list role="listbox" aria-label="What was found" tabindex="-1" {}
            p #palette-said role="status" {}
            p.keys aria-hidden="true" { kbd { "↑" } kbd { "↓" } " choose " kbd { "Enter" } " open " kbd { "Esc" } " close" }
        }
    }
}

fn frame(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="style.css";
                script src="script.js" defer {}
            }
            body {
                a.skip href="#main" { "To the content" }
                (body)
            }
        }
    }
}

/// What somebody is shown who is not in: a sentence and where to go, at once if `goes_on`. Neither style nor script is given out here.
pub(crate) fn door(sentence: &str, link: Option<(&str, &str)>, goes_on: bool) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let (Some((url, _)), true) = (link, goes_on) { meta http-equiv="refresh" content=(format!("0;url={url}")); }
                title { "authz dashboard" }
            }
            body {
                main {
                    h1 { "authz dashboard" }
                    p { (shown(sentence)) }
                    @if let Some((url, words)) = link { p { a href=(url) { (words) } } }
                }
            }
        }
    };
    Html(page.into_string())
}

/// The answer that says why there is none.
pub(crate) fn refusal(site: &Site, found: &Problem) -> Response {
    (found.status, Html(problem(site, &found.sentence, false).into_string())).into_response()
}

/// The answer that says why nothing was changed.
pub(crate) fn refused_change(site: &Site, found: &Problem) -> Response {
    (found.status, Html(problem(site, &found.sentence, true).into_string())).into_response()
}
