//! The rows of an answer: resources, pages and actions, and what an administrator finds besides, in one order.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};
use serde_json::json;

use super::commands::Command;
use super::find::{How, Ranked};
use super::request::Request;
use super::score::{Score, Words};
use super::viewer::Viewer;
use super::{cache, sources};
use crate::base::identifier::Id;
use crate::sqlite::error::Result;

/// The columns of a row.
pub(super) const COLUMNS: [&str; 8] = ["kind", "resource_type", "id", "title", "subtitle", "score", "matches", "target"];

/// What an administrator may find. A subject finds the first three.
pub(super) const KINDS: [&str; 9] = ["page", "action", "resource", "role", "permission", "subject", "group", "session", "event"];

/// A row of the answer.
struct Hit<'a> {
    score: Score,
    kind: &'static str,
    resource_type: Option<Rc<str>>,
    id: Value,
    title: String,
    subtitle: Option<String>,
    target: Option<String>,
    /// The words to highlight, `None` where an id was pasted
    words: Option<&'a Words>,
}

impl<'a> Request<'a> {
    /// What is found of the kinds that are wanted, best first.
    pub(super) fn rows(&self, kinds: &[&'static str]) -> Result<Vec<Vec<Value>>> {
        let mut hits = Vec::new();
        if kinds.contains(&"resource") {
            for ranked in self.found()? {
                hits.push(self.resource(ranked)?);
            }
        }
        self.commands(kinds, &mut hits)?;
        if matches!(self.viewer, Viewer::Administrator) {
            self.sources(kinds, &mut hits)?;
        }
        hits.sort_by(|one, other| other.score.cmp(&one.score).then_with(|| one.order().cmp(&other.order())));
        let mut met: HashSet<(&'static str, Option<Rc<str>>, Id)> = HashSet::new();
        hits.retain(|hit| met.insert((hit.kind, hit.resource_type.clone(), Id::stored(ValueRef::from(&hit.id)))));
        hits.truncate(self.limit);
        Ok(hits.into_iter().map(|hit| self.row(hit)).collect())
    }

    /// Whether the statement reads a column: what is not read is not worked out.
    fn reads(&self, column: &str) -> bool {
        COLUMNS.iter().position(|one| *one == column).is_none_or(|place| self.columns_used & (1 << place) != 0)
    }

    fn resource(&self, ranked: Ranked) -> Result<Hit<'a>> {
        let id = ranked.id();
        let Reverse((title, resource_type, _)) = ranked.order;
        let subtitle = match self.reads("subtitle") {
            true => {
                let above = self.eyes.above(&resource_type, &id)?;
                let names: Vec<&str> = above.iter().rev().map(|one| one.as_ref().map_or("…", |(name, _)| name)).collect();
                (!names.is_empty()).then(|| names.join(" › "))
            }
            false => None,
        };
        let target = self.reads("target").then(|| {
            let id = match &id {
                Value::Integer(number) => json!(number),
                _ => json!(Id::stored(ValueRef::from(&id)).to_string()),
            };
            json!({"resource_type": &*resource_type, "resource_id": id}).to_string()
        });
        Ok(Hit {
            score: ranked.score,
            kind: "resource",
            resource_type: Some(resource_type),
            id,
            title: title.into(),
            subtitle,
            target,
            words: match (ranked.how, &self.query.path) {
                (How::Id, _) => None,
                (How::Path, Some((last, _))) => Some(last),
                _ => Some(&self.query.all),
            },
        })
    }

    /// The application's pages and actions that answer and that the viewer may use; for an administrator those of the schema too.
    fn commands(&self, kinds: &[&'static str], hits: &mut Vec<Hit<'a>>) -> Result<()> {
        if !kinds.contains(&"page") && !kinds.contains(&"action") {
            return Ok(());
        }
        let mut known = None;
        for command in cache::commands(self.search)?.iter() {
            let Command { id, kind, title, keywords, target, permission, resource } = command;
            let Some(kind) = kinds.iter().find(|one| *one == kind) else { continue };
            let Some((score, words)) = self.rate(id, title, keywords) else { continue };
            let allowed = match permission {
                Some(permission) => self.eyes.hold(permission, resource.as_ref().map(|(slug, id)| (slug.as_str(), id)))?,
                None => match known {
                    Some(known) => known,
                    None => *known.insert(self.eyes.are_known()?),
                },
            };
            if allowed {
                let (id, title, target) = (Value::Text(id.clone()), title.clone(), target.clone());
                hits.push(Hit { score, kind, resource_type: None, id, title, subtitle: None, target, words });
            }
        }
        if matches!(self.viewer, Viewer::Administrator) {
            for (id, kind, title, keywords, target) in sources::BUILT_IN {
                let Some(kind) = kinds.iter().find(|one| **one == kind) else { continue };
                let Some((score, words)) = self.rate(id, title, keywords) else { continue };
                let (id, title, target) = (Value::Text(id.into()), title.to_owned(), Some(target.to_owned()));
                hits.push(Hit { score, kind, resource_type: None, id, title, subtitle: None, target, words });
            }
        }
        Ok(())
    }

    fn sources(&self, kinds: &[&'static str], hits: &mut Vec<Hit<'a>>) -> Result<()> {
        for source in sources::SOURCES.iter().filter(|source| kinds.contains(&source.kind)) {
            source.each(&self.search.store, &self.query.text, |item| {
                let id = Id::stored(ValueRef::from(&item.id)).to_string();
                if let Some((score, words)) = self.rate(&id, &item.title, &item.keywords) {
                    hits.push(Hit {
                        score,
                        kind: source.kind,
                        resource_type: None,
                        id: item.id,
                        title: item.title,
                        subtitle: item.subtitle,
                        target: Some(item.target),
                        words,
                    });
                }
            })?;
        }
        Ok(())
    }

    /// How well anything but a resource answers, and which words to highlight.
    fn rate(&self, id: &str, title: &str, keywords: &str) -> Option<(Score, Option<&'a Words>)> {
        if id == self.query.text {
            return Some((Score::OF_ID, None));
        }
        Some((self.query.all.rate_with(&mut self.scratch.borrow_mut(), title, keywords)?, Some(&self.query.all)))
    }

    /// In the order of [`COLUMNS`].
    fn row(&self, hit: Hit<'_>) -> Vec<Value> {
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        let matches = self.reads("matches").then(|| {
            let ranges = hit.words.map_or(Vec::new(), |words| words.ranges(&hit.title));
            json!(ranges.into_iter().map(|(first, end)| [first, end]).collect::<Vec<_>>()).to_string()
        });
        vec![
            Value::Text(hit.kind.to_owned()),
            text(hit.resource_type.map(|slug| slug.to_string())),
            hit.id,
            Value::Text(hit.title),
            text(hit.subtitle),
            Value::Integer(hit.score.0.into()),
            text(matches),
            text(hit.target),
        ]
    }
}

impl Hit<'_> {
    /// What decides between equal scores.
    fn order(&self) -> (Option<usize>, &str, Option<&str>, Id) {
        let kind = KINDS.iter().position(|kind| *kind == self.kind);
        (kind, &self.title, self.resource_type.as_deref(), Id::stored(ValueRef::from(&self.id)))
    }
}
