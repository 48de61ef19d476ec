//! Templates that a connection has parsed.

use std::collections::VecDeque;
use std::rc::Rc;

use super::tree::Template;
use crate::sqlite::error::Result;

/// How many parsed templates a connection keeps: the one in force and a few that are previewed.
const KEPT: usize = 8;

/// Templates that a connection has parsed, the last used at the end.
#[derive(Default)]
pub(crate) struct TemplateCache {
    templates: VecDeque<(String, Rc<Template>)>,
    /// How many were parsed so far
    pub(crate) parsed: u64,
}

impl TemplateCache {
    /// The parsed form of a text.
    pub(crate) fn template(&mut self, text: &str) -> Result<Rc<Template>> {
        if let Some(at) = self.templates.iter().position(|(known, _)| known == text)
            && let Some(entry) = self.templates.remove(at)
        {
            let template = Rc::clone(&entry.1);
            self.templates.push_back(entry);
            return Ok(template);
        }
        let template = Rc::new(Template::parse(text)?);
        self.parsed += 1;
        if self.templates.len() >= KEPT {
            self.templates.pop_front();
        }
        self.templates.push_back((text.to_owned(), Rc::clone(&template)));
        Ok(template)
    }
}
