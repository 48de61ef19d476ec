//! A page: what it is given, and what it answers with.

use std::collections::HashMap;

use authz::rusqlite::Connection;
use axum::http::StatusCode;
use maud::Markup;

use super::problem::Problem;
use super::site::Site;

/// What a page is given.
pub(crate) struct View<'a> {
    pub(crate) site: &'a Site,
    pub(crate) connection: &'a Connection,
    pub(crate) query: &'a Fields,
    /// The page with its parameters, to come back to
    pub(crate) here: String,
    /// The state of the file that the page shows at least
    pub(crate) news: String,
}

impl View<'_> {
    /// A parameter of the URL, `None` where it is missing or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// A parameter of the URL, empty where it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether anything can be changed.
    pub(crate) fn writable(&self) -> bool {
        !self.site.read_only
    }
}

/// The fields of a URL or of a form.
#[derive(Default)]
pub(crate) struct Fields(pub(crate) HashMap<String, String>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

/// What a page answers with: a whole page, or a part of one that the script asked for.
pub(crate) enum Page {
    Whole { title: String, section: &'static str, body: Markup, status: StatusCode },
    Part(Markup),
}

impl Page {
    pub(crate) fn new(title: impl Into<String>, section: &'static str, body: Markup) -> Result<Page, Problem> {
        Ok(Page::Whole { title: title.into(), section, body, status: StatusCode::OK })
    }
}
