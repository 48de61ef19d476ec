//! The resources that answer a query and that the viewer may see: three ways to the same rows.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use rusqlite::types::{Value, ValueRef};

use super::cache;
use super::grams::STAGES;
use super::index::{self, Index};
use super::request::Request;
use super::score::{Query, Score, Scratch, Tier};
use super::text::Folded;
use super::viewer::{self, Key, Viewer, VisibleTitles, title};
use crate::base::identifier::Id;
use crate::sqlite::error::Result;

/// After so many resources that were looked at it may be that the viewer sees little.
const LONG: u32 = 1_000;

/// A resource that answers, not yet shown to the viewer's eyes. The greater is the better.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranked {
    pub(crate) score: Score,
    /// Title, type, id
    pub(crate) order: Reverse<(Box<str>, Rc<str>, Id)>,
    pub(crate) how: How,
    stored_as_text: bool,
}

/// By what a resource was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    Title,
    /// By the end of a path: what it lies in must answer too
    Path,
    Id,
}

impl Ranked {
    fn new(score: Score, how: How, resource_type: &Rc<str>, id: ValueRef<'_>, title: &str) -> Ranked {
        let stored_as_text = matches!(id, ValueRef::Text(_));
        Ranked { score, order: Reverse((title.into(), Rc::clone(resource_type), Id::stored(id))), how, stored_as_text }
    }

    pub(crate) fn id(&self) -> Value {
        match &self.order.0.2 {
            Id::Integer(number) if !self.stored_as_text => Value::Integer(*number),
            id => Value::Text(id.to_string()),
        }
    }
}

impl Request<'_> {
    /// The best resources, as many as fit on the page.
    pub(super) fn found(&self) -> Result<Vec<Ranked>> {
        let Viewer::Subject(subject) = self.viewer else { return self.through_titles() };
        if let Some(visible) = cache::visible(self.search, &self.eyes, subject)? {
            return self.among(&visible);
        }
        let found = self.through_titles()?;
        if self.looked_at.get() > LONG {
            cache::doubt(self.search, subject)?;
        }
        Ok(found)
    }

    /// The best of what is all visible.
    fn among(&self, visible: &VisibleTitles) -> Result<Vec<Ranked>> {
        let words = self.query.title_words();
        let tiers: &[Tier] = if self.query.may_have_typos() { &[Tier::Infix, Tier::Typo] } else { &[Tier::Infix] };
        let worst = tiers.last().copied().unwrap_or(Tier::Infix);
        let close: Vec<_> = visible.with_most_of(words.rarest_classes()).filter(|(classes, _)| words.may_answer(*classes, worst)).collect();
        let mut ranked = self.by_id()?;
        for least in tiers {
            let mut scratch = self.scratch.borrow_mut();
            let mut pool = Pool { query: self.query, least: *least, scratch: &mut scratch, ranked: std::mem::take(&mut ranked) };
            for (_, entry) in close.iter().filter(|(classes, _)| words.may_answer(*classes, *least)) {
                pool.consider(&entry.resource_type, ValueRef::from(&entry.id), &entry.title, &entry.folded);
            }
            let found = self.best(pool.ranked)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// The best that the viewer may see out of every title in the file.
    fn through_titles(&self) -> Result<Vec<Ranked>> {
        if let Some(index) = cache::index(self.search)?
            && let Some(found) = self.through_index(&index)?
        {
            return Ok(found);
        }
        let mut scratch = self.scratch.borrow_mut();
        let mut pool = Pool { query: self.query, least: Tier::Typo, scratch: &mut scratch, ranked: self.by_id()? };
        for slug in self.eyes.types() {
            self.engine.with(include_str!("../../sql/search/find/names.sql"), |statement| {
                let mut rows = statement.query([slug])?;
                while let Some(row) = rows.next()? {
                    let id: Value = row.get(0)?;
                    let title = title(&id, viewer::text(row.get_ref(1)?).as_deref());
                    pool.consider(slug, ValueRef::from(&id), &title, &Folded::of(&title));
                }
                Ok(())
            })?;
        }
        let (better, typos) = pool.ranked.into_iter().partition(|ranked| ranked.score.at_least(Tier::Infix));
        let found = self.best(better)?;
        match found.is_empty() {
            true => self.best(typos),
            false => Ok(found),
        }
    }

    /// Asks the index for one tier after the other until the page is full, for typos only when nothing better was found; `None` when
    /// there is no index.
    fn through_index(&self, index: &Index) -> Result<Option<Vec<Ranked>>> {
        let by_id = self.by_id()?;
        let mut found = self.best(by_id.clone())?;
        for (least, question) in STAGES {
            if found.len() >= self.limit || (least == Tier::Typo && !found.is_empty()) {
                break;
            }
            let Some(question) = question(self.query) else { continue };
            let question = match &index.sieve {
                Some(sieve) => question.sifted(sieve),
                None => Some(question),
            };
            if question.is_none() && index.notes.entries.is_empty() {
                continue;
            }
            let mut scratch = self.scratch.borrow_mut();
            let mut pool = Pool { query: self.query, least, scratch: &mut scratch, ranked: by_id.clone() };
            if let Some(question) = question {
                let asked = index::candidates(self.engine, &question.to_string(), |slug, id, title| {
                    if let Some((slug, _)) = self.eyes.rule(slug)
                        && !index.notes.has(slug, id)
                    {
                        pool.consider(slug, id, title, &Folded::of(title));
                    }
                    Ok(())
                })?;
                if !asked {
                    return Ok(None);
                }
            }
            for entry in &index.notes.entries {
                if let Some((slug, _)) = self.eyes.rule(&entry.resource_type) {
                    pool.consider(slug, ValueRef::from(&entry.id), &entry.title, &entry.folded);
                }
            }
            found = self.best(pool.ranked)?;
        }
        Ok(Some(found))
    }

    /// What has the query for its id.
    fn by_id(&self) -> Result<Vec<Ranked>> {
        let entries = self.eyes.with_id(&self.query.text)?;
        let ranked =
            |entry: viewer::Entry| Ranked::new(Score::OF_ID, How::Id, &entry.resource_type, ValueRef::from(&entry.id), &entry.title);
        Ok(entries.into_iter().map(ranked).collect())
    }

    /// From the best downwards, what the viewer may see, until there are as many as asked for.
    fn best(&self, ranked: Vec<Ranked>) -> Result<Vec<Ranked>> {
        let mut left = BinaryHeap::from(ranked);
        let mut met: HashSet<Key> = HashSet::new();
        let mut found = Vec::new();
        let mut looked_at = 0u32;
        while found.len() < self.limit
            && let Some(ranked) = left.pop()
        {
            looked_at += 1;
            if looked_at.is_multiple_of(4096) {
                self.engine.poll_interrupt()?;
            }
            let Reverse((_, resource_type, id)) = &ranked.order;
            let (key, stored) = ((Rc::clone(resource_type), id.clone()), ranked.id());
            if !met.contains(&key)
                && self.eyes.see(resource_type, &stored)?
                && (ranked.how != How::Path || self.lies_in(&ranked, &stored)?)
            {
                met.insert(key);
                found.push(ranked);
            }
        }
        self.looked_at.set(self.looked_at.get().max(looked_at));
        Ok(found)
    }

    /// Whether what a visible resource lies in answers to the rest of the path, in its order.
    fn lies_in(&self, ranked: &Ranked, id: &Value) -> Result<bool> {
        let Some((_, above)) = &self.query.path else { return Ok(false) };
        let mut wanted = above.iter().rev();
        let Some(mut next) = wanted.next() else { return Ok(true) };
        for (name, id) in self.eyes.above(&ranked.order.0.1, id)?.into_iter().flatten() {
            let by_id = || next.names(&Folded::of(&Id::stored(ValueRef::from(&id)).to_string()));
            if next.names(&Folded::of(&name)) || by_id() {
                match wanted.next() {
                    Some(further) => next = further,
                    None => return Ok(true),
                }
            }
        }
        Ok(false)
    }
}

/// The resources that answer.
struct Pool<'a> {
    query: &'a Query,
    /// Nothing below this is wanted yet
    least: Tier,
    scratch: &'a mut Scratch,
    ranked: Vec<Ranked>,
}

impl Pool<'_> {
    /// Takes a resource in if its title answers.
    fn consider(&mut self, resource_type: &Rc<str>, id: ValueRef<'_>, title: &str, folded: &Folded) {
        let by_path = self.query.path.as_ref().map(|(last, _)| (last, How::Path));
        for (words, how) in [(&self.query.all, How::Title)].into_iter().chain(by_path) {
            if let Some(score) = words.rate(self.scratch, title, folded, self.least) {
                self.ranked.push(Ranked::new(score, how, resource_type, id, title));
            }
        }
    }
}
