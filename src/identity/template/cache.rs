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
    /// The parsed form of a text; it is kept where all that are kept take no more than so many bytes.
    pub(crate) fn template(&mut self, text: &str, most: usize) -> Result<Rc<Template>> {
        self.bound(most);
        if let Some(at) = self.templates.iter().position(|(known, _)| known == text)
            && let Some(entry) = self.templates.remove(at)
        {
            let template = Rc::clone(&entry.1);
            self.templates.push_back(entry);
            return Ok(template);
        }
        let template = Rc::new(Template::parse(text)?);
        self.parsed += 1;
        self.templates.push_back((text.to_owned(), Rc::clone(&template)));
        self.bound(most);
        Ok(template)
    }

    fn bound(&mut self, most: usize) {
        while self.templates.len() > KEPT || self.bytes() > most {
            self.templates.pop_front();
        }
    }

    /// What they take, by an estimate: a parsed template takes some times as much as its text.
    fn bytes(&self) -> usize {
        self.templates.iter().map(|(text, _)| 256 + 8 * text.len()).sum()
    }
}
