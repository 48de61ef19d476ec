//! `authz_search`, `authz_search_all`: one box that finds, jumps and acts, and never shows what the viewer may not see.
//!
//! A search starts from the smaller side. A subject that sees little is answered from all it may see, kept ready between keystrokes for
//! as long as nothing changes. For a subject that sees much, and for an administrator, the index proposes titles, better tiers first; they
//! are scored, and from the best downwards each is shown to the viewer's eyes until the page is full. Without an index every name is
//! scored. All three ways give the same rows. In each, a typo is forgiven only when the viewer sees nothing that answers without one.
//!
//! | file | what happens there |
//! |---|---|
//! | `text.rs` | folding: letters without case and accents, words |
//! | `score.rs` | how well a title answers a query |
//! | `grams.rs` | the tokens of a title, and the questions to the index |
//! | `index.rs` | the index in the file, and the notes of what it has yet to take in |
//! | `visible.rs` | what a viewer may see |
//! | `commands.rs` | pages and actions of the application |
//! | `sources.rs` | what an administrator finds besides |

mod commands;
mod grams;
mod index;
mod score;
mod sources;
#[cfg(test)]
mod tests;
mod text;
mod visible;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use serde_json::json;

use crate::engine::{Engine, Transaction};
use crate::error::{Error, Result, nearest, shown};
use crate::function::{Effect, text as text_of};
use crate::identifier::Id;
use crate::table_function::{Answer, Call, Made, TableFunction, define, define_direct};
use index::Notes;
use score::{Query, Score, Scratch, Tier, Words};
use text::Folded;
use visible::{Eyes, Key, Viewer, Visible, title};

/// How many visible resources a subject may have to be answered from them all.
const MOST_VISIBLE: usize = 20_000;
/// How many visible resources are kept between keystrokes, those of all subjects together.
const MOST_KEPT: usize = 100_000;
/// How many rows an answer has where no limit is given.
const LIMIT: usize = 20;
/// What an administrator may find. A subject finds the first three.
const KINDS: [&str; 9] = ["page", "action", "resource", "role", "permission", "subject", "group", "session", "event"];

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, &SEARCH)?;
    define_direct(connection, engine, &SEARCH_ALL)?;
    for arity in [5, 6, 8] {
        crate::function::define(connection, engine, "authz_put_command", arity..=arity, Effect::Writes, commands::put)?;
    }
    crate::function::define(connection, engine, "authz_remove_command", 1..=1, Effect::Writes, commands::remove)?;
    // authz_index_search() → how many titles were taken in. Makes the index where there is none or it was made by another version.
    crate::function::define(connection, engine, "authz_index_search", 0..=0, Effect::Writes, |engine, _| index::catch_up(engine))
}

const COLUMNS: [&str; 8] = ["kind", "resource_type", "id", "title", "subtitle", "score", "matches", "target"];

/// `authz_search(query, subject [, limit [, kinds ] ])`: the resources, pages and actions that answer a query and that the subject may
/// see, best first, 20 unless said.
///
/// `kinds` is a list such as `'page,action'`. Columns: `kind`; `resource_type` and `id` of a resource, or the `id` of a page or action;
/// `title`; `subtitle`, the names of what a resource lies in, `…` for what the subject may not see; `score`, higher is better;
/// `matches`, JSON ranges of characters in the title, `[[0,3]]`, the end not included; `target`, JSON.
///
/// A NULL or unknown subject finds nothing; one of an unknown type is an error, as is a query of more than 1000 characters or 32 words.
static SEARCH: TableFunction = TableFunction {
    name: "authz_search",
    columns: &COLUMNS,
    arguments: &["query", "subject", "limit", "kinds"],
    required: 2,
    bounded: None,
    expected_rows: 20,
    rows: search,
};

/// `authz_search_all(query [, limit [, kinds ] ])`: the same for an administrator, who sees everything: resources of every type, pages
/// and actions, those of the schema included, and roles, permissions, subjects, groups, sessions, events. From statements of the
/// application's own only.
static SEARCH_ALL: TableFunction = TableFunction {
    name: "authz_search_all",
    columns: &COLUMNS,
    arguments: &["query", "limit", "kinds"],
    required: 1,
    bounded: None,
    expected_rows: 20,
    rows: search_all,
};

fn search(engine: &Arc<Engine>, call: Call) -> Answer {
    let Some(subject) = call.text(1, "subject")? else { return Ok(Made::none()) };
    let viewer = Viewer::Subject(subject.to_owned());
    answer(engine, &call, &viewer, 2, &["page", "action", "resource"])
}

fn search_all(engine: &Arc<Engine>, call: Call) -> Answer {
    answer(engine, &call, &Viewer::Administrator, 1, &KINDS)
}

/// Reads the arguments, of which the limit stands at `options` and the kinds after it.
fn answer(engine: &Arc<Engine>, call: &Call, viewer: &Viewer, options: usize, known: &[&'static str]) -> Answer {
    let limit = match call.value(options) {
        ValueRef::Null => LIMIT,
        ValueRef::Integer(limit) if limit >= 0 => usize::try_from(limit).unwrap_or(usize::MAX),
        other => return Err(Error::refused(format!("the limit `{}` is not a number of rows; give 0 or more", given(other)))),
    };
    let mut kinds = kinds(call.text(options + 1, "kinds")?, known)?;
    if let Some(equals) = &call.equals {
        kinds.retain(|kind| matches!(equals, Value::Text(text) if text == kind));
    }
    let number;
    let text = match call.value(0) {
        ValueRef::Integer(id) => {
            number = id.to_string();
            Some(number.as_str())
        }
        other => text_of(other, "query")?,
    };
    let query = match text {
        Some(text) => Query::parse(text)?,
        None => None,
    };
    // A statement held open keeps one state of the file for everything that is read meanwhile.
    engine.with(include_str!("../../sql/search/snapshot.sql"), |statement| {
        let mut held = statement.query([])?;
        held.next()?;
        let eyes = Eyes::of(engine, viewer)?;
        let Some(query) = query.filter(|_| limit > 0) else { return Ok(Made::none()) };
        let search = Search { engine, eyes, viewer, query: &query, limit };
        Ok(Made::rows(search.rows(&kinds)?))
    })
}

fn given(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => shown(&String::from_utf8_lossy(bytes).escape_debug().to_string()),
        ValueRef::Null => "NULL".to_owned(),
    }
}

/// The kinds that are wanted: all that there are, or those of a list.
fn kinds(list: Option<&str>, known: &[&'static str]) -> Result<Vec<&'static str>> {
    let Some(list) = list else { return Ok(known.to_vec()) };
    let mut wanted = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match known.iter().find(|kind| **kind == name) {
            Some(kind) => wanted.push(*kind),
            None => {
                let next = match nearest(name, known.iter().copied()) {
                    near if near.is_empty() => format!("; the kinds are {}", known.join(", ")),
                    near => near,
                };
                return Err(Error::refused(format!("unknown kind `{}`{next}", shown(name))));
            }
        }
    }
    Ok(wanted)
}

/// What a connection keeps between keystrokes. Only what was committed is kept, and only until somebody commits, a grant ends, or the
/// connection moves its clock.
#[derive(Default)]
pub(crate) struct Kept {
    at: Option<State>,
    /// What each subject may see; `None` where it is too much
    visible: HashMap<String, Option<Rc<Visible>>>,
    entries: usize,
    notes: Option<Option<Rc<Notes>>>,
    #[cfg(test)]
    most_visible: Option<usize>,
}

impl Kept {
    #[cfg(test)]
    fn most_visible(&self) -> usize {
        self.most_visible.unwrap_or(MOST_VISIBLE)
    }

    #[cfg(not(test))]
    fn most_visible(&self) -> usize {
        MOST_VISIBLE
    }

    /// Keeps nothing any more.
    pub(crate) fn forget(&mut self) {
        self.clear();
        self.at = None;
    }

    fn clear(&mut self) {
        self.visible.clear();
        self.entries = 0;
        self.notes = None;
    }
}

/// SQLite's data version, which changes with every commit by anyone, and when the next grant and the next relationship end.
type State = (u32, Option<String>, Option<String>);

struct Search<'a> {
    engine: &'a Engine,
    eyes: Eyes<'a>,
    viewer: &'a Viewer,
    query: &'a Query,
    limit: usize,
}

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

/// A resource that answers, not yet shown to the viewer's eyes. The greater is the better.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    score: Score,
    order: Reverse<(Box<str>, Rc<str>, Id)>,
    how: How,
    stored_as_text: bool,
}

/// By what a resource was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
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

    fn id(&self) -> Value {
        match &self.order.0.2 {
            Id::Integer(number) if !self.stored_as_text => Value::Integer(*number),
            id => Value::Text(id.to_string()),
        }
    }
}

impl<'a> Search<'a> {
    fn rows(&self, kinds: &[&'static str]) -> Result<Vec<Vec<Value>>> {
        let mut hits = Vec::new();
        if kinds.contains(&"resource") {
            self.resources(&mut hits)?;
        }
        self.commands(kinds, &mut hits)?;
        if matches!(self.viewer, Viewer::Administrator) {
            self.sources(kinds, &mut hits)?;
        }
        hits.sort_by(|one, other| other.score.cmp(&one.score).then_with(|| one.order().cmp(&other.order())));
        let mut met: HashSet<(&'static str, Option<Rc<str>>, Id)> = HashSet::new();
        hits.retain(|hit| met.insert((hit.kind, hit.resource_type.clone(), Id::stored(ValueRef::from(&hit.id)))));
        hits.truncate(self.limit);
        Ok(hits.into_iter().map(Hit::row).collect())
    }

    fn resources(&self, hits: &mut Vec<Hit<'a>>) -> Result<()> {
        let found = match self.viewer {
            Viewer::Subject(subject) => match self.visible(subject)? {
                Some(visible) => self.among(&visible)?,
                None => self.through_titles()?,
            },
            Viewer::Administrator => self.through_titles()?,
        };
        for ranked in found {
            let id = ranked.id();
            let Reverse((title, resource_type, _)) = ranked.order;
            let above = self.eyes.above(&resource_type, &id)?;
            let names: Vec<&str> = above.iter().rev().map(|one| one.as_ref().map_or("…", |(name, _)| name)).collect();
            let target = json!({"resource_type": &*resource_type, "resource_id": match &id {
                Value::Integer(number) => json!(number),
                _ => json!(Id::stored(ValueRef::from(&id)).to_string()),
            }});
            hits.push(Hit {
                score: ranked.score,
                kind: "resource",
                resource_type: Some(resource_type),
                id,
                title: title.into(),
                subtitle: (!names.is_empty()).then(|| names.join(" › ")),
                target: Some(target.to_string()),
                words: match (ranked.how, &self.query.path) {
                    (How::Id, _) => None,
                    (How::Path, Some((last, _))) => Some(last),
                    _ => Some(&self.query.all),
                },
            });
        }
        Ok(())
    }

    /// Everything that a subject may see, kept from earlier or gathered now; `None` when it is too much.
    fn visible(&self, subject: &str) -> Result<Option<Rc<Visible>>> {
        let committed = self.engine.transaction() != Transaction::Write;
        let state = if committed { Some(self.state()?) } else { None };
        let Ok(mut kept) = self.engine.search.try_borrow_mut() else {
            return Ok(self.eyes.everything(MOST_VISIBLE)?.map(Rc::new));
        };
        let Some(state) = state else {
            return Ok(self.eyes.everything(kept.most_visible())?.map(Rc::new));
        };
        if kept.at.as_ref() != Some(&state) || kept.entries > MOST_KEPT {
            kept.clear();
            kept.at = Some(state);
        }
        if let Some(visible) = kept.visible.get(subject) {
            return Ok(visible.clone());
        }
        let visible = self.eyes.everything(kept.most_visible())?.map(Rc::new);
        kept.entries += visible.as_ref().map_or(1, |visible| visible.len() + 1);
        kept.visible.insert(subject.to_owned(), visible.clone());
        Ok(visible)
    }

    fn state(&self) -> Result<State> {
        let now = self.engine.clock.text();
        let next = |sql| self.engine.with(sql, |statement| Ok(statement.query_map([&now], |row| row.get(0))?.next().transpose()?));
        let of_grants = next(include_str!("../../sql/search/next_expiry.sql"))?;
        let of_relationships = visible::where_there(next(include_str!("../../sql/search/next_relationship_expiry.sql")))?;
        Ok((self.engine.data_version(), of_grants, of_relationships.flatten()))
    }

    /// The notes that complete the index, kept from earlier or read now; `None` when there is no index to use.
    fn notes(&self) -> Result<Option<Rc<Notes>>> {
        if self.engine.transaction() == Transaction::Write {
            return Ok(index::notes(self.engine)?.map(Rc::new));
        }
        let state = self.state()?;
        let Ok(mut kept) = self.engine.search.try_borrow_mut() else { return Ok(index::notes(self.engine)?.map(Rc::new)) };
        if kept.at.as_ref() != Some(&state) {
            kept.clear();
            kept.at = Some(state);
        }
        if let Some(notes) = &kept.notes {
            return Ok(notes.clone());
        }
        let notes = index::notes(self.engine)?.map(Rc::new);
        kept.notes = Some(notes.clone());
        Ok(notes)
    }

    /// The best of what is all visible.
    fn among(&self, visible: &Visible) -> Result<Vec<Ranked>> {
        for least in [Tier::Infix, Tier::Typo] {
            let mut pool = Pool::new(self.query, least);
            for entry in visible.with_letters(|classes| self.query.may_be_answered(classes, least)) {
                pool.consider(&entry.resource_type, ValueRef::from(&entry.id), &entry.title, &entry.folded);
            }
            self.by_id(&mut pool)?;
            let found = self.best(pool)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// The best that the viewer may see out of every title in the file.
    fn through_titles(&self) -> Result<Vec<Ranked>> {
        if let Some(notes) = self.notes()?
            && let Some(found) = self.through_index(&notes)?
        {
            return Ok(found);
        }
        let mut pool = Pool::new(self.query, Tier::Typo);
        for slug in self.eyes.types() {
            self.engine.with(include_str!("../../sql/search/names.sql"), |statement| {
                let mut rows = statement.query([slug])?;
                while let Some(row) = rows.next()? {
                    let id: Value = row.get(0)?;
                    let title = title(&id, visible::text(row.get_ref(1)?).as_deref());
                    pool.consider(slug, ValueRef::from(&id), &title, &Folded::of(&title));
                }
                Ok(())
            })?;
        }
        self.by_id(&mut pool)?;
        let (better, typos) = std::mem::take(&mut pool.ranked).into_iter().partition(|ranked| ranked.score.at_least(Tier::Infix));
        let found = self.best(Pool { ranked: better, ..pool })?;
        match found.is_empty() {
            true => self.best(Pool { ranked: typos, ..Pool::new(self.query, Tier::Typo) }),
            false => Ok(found),
        }
    }

    /// Asks the index for one tier after the other until the page is full, for typos only when nothing better was found; `None` when
    /// there is no index.
    fn through_index(&self, notes: &Notes) -> Result<Option<Vec<Ranked>>> {
        let stages = [
            (grams::beginning(self.query), Tier::Prefix),
            (grams::starting(self.query), Tier::WordStart),
            (grams::containing(self.query), Tier::Infix),
            (grams::like(self.query), Tier::Typo),
        ];
        let mut found = Vec::new();
        for (question, least) in stages {
            let Some(question) = question else { continue };
            if least == Tier::Typo && !found.is_empty() {
                break;
            }
            let mut pool = Pool::new(self.query, least);
            let asked = index::candidates(self.engine, &question, |slug, id, title| {
                if let Some((slug, _)) = self.eyes.rule(slug)
                    && !notes.has(slug, id)
                {
                    pool.consider(slug, id, title, &Folded::of(title));
                }
                Ok(())
            })?;
            if !asked {
                return Ok(None);
            }
            for entry in &notes.entries {
                if let Some((slug, _)) = self.eyes.rule(&entry.resource_type) {
                    pool.consider(slug, ValueRef::from(&entry.id), &entry.title, &entry.folded);
                }
            }
            self.by_id(&mut pool)?;
            found = self.best(pool)?;
            if found.len() >= self.limit {
                break;
            }
        }
        if found.is_empty() {
            // Where there is no letter to ask the index for, an id is left.
            let mut pool = Pool::new(self.query, Tier::Typo);
            self.by_id(&mut pool)?;
            found = self.best(pool)?;
        }
        Ok(Some(found))
    }

    fn by_id(&self, pool: &mut Pool<'_>) -> Result<()> {
        for entry in self.eyes.with_id(&self.query.text)? {
            pool.ranked.push(Ranked::new(Score::OF_ID, How::Id, &entry.resource_type, ValueRef::from(&entry.id), &entry.title));
        }
        Ok(())
    }

    /// From the best downwards, what the viewer may see, until there are as many as asked for.
    fn best(&self, pool: Pool<'_>) -> Result<Vec<Ranked>> {
        let mut left = BinaryHeap::from(pool.ranked);
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

    /// The application's pages and actions that answer and that the viewer may use; for an administrator those of the schema too.
    fn commands(&self, kinds: &[&'static str], hits: &mut Vec<Hit<'a>>) -> Result<()> {
        if !kinds.contains(&"page") && !kinds.contains(&"action") {
            return Ok(());
        }
        let mut scratch = Scratch::new();
        let mut known = None;
        for command in commands::all(self.engine)? {
            let Some(kind) = kinds.iter().find(|kind| **kind == command.kind) else { continue };
            let Some((score, words)) = self.rate(&mut scratch, &command.id, &command.title, &command.keywords) else { continue };
            let allowed = match &command.permission {
                Some(permission) => self.eyes.hold(permission, command.resource.as_ref().map(|(slug, id)| (slug.as_str(), id)))?,
                None => match known {
                    Some(known) => known,
                    None => *known.insert(self.eyes.are_known()?),
                },
            };
            if allowed {
                let commands::Command { id, title, target, .. } = command;
                let id = Value::Text(id);
                hits.push(Hit { score, kind, resource_type: None, id, title, subtitle: None, target, words });
            }
        }
        if matches!(self.viewer, Viewer::Administrator) {
            for (id, kind, title, keywords, target) in sources::BUILT_IN {
                let Some(kind) = kinds.iter().find(|one| **one == kind) else { continue };
                let Some((score, words)) = self.rate(&mut scratch, id, title, keywords) else { continue };
                let (id, title, target) = (Value::Text(id.into()), title.to_owned(), Some(target.to_owned()));
                hits.push(Hit { score, kind, resource_type: None, id, title, subtitle: None, target, words });
            }
        }
        Ok(())
    }

    fn sources(&self, kinds: &[&'static str], hits: &mut Vec<Hit<'a>>) -> Result<()> {
        let mut scratch = Scratch::new();
        for source in sources::SOURCES.iter().filter(|source| kinds.contains(&source.kind)) {
            source.each(self.engine, &self.query.text, |item| {
                let id = Id::stored(ValueRef::from(&item.id)).to_string();
                if let Some((score, words)) = self.rate(&mut scratch, &id, &item.title, &item.keywords) {
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
    fn rate(&self, scratch: &mut Scratch, id: &str, title: &str, keywords: &str) -> Option<(Score, Option<&'a Words>)> {
        if id == self.query.text {
            return Some((Score::OF_ID, None));
        }
        Some((self.query.all.rate_with(scratch, title, keywords)?, Some(&self.query.all)))
    }
}

impl<'a> Hit<'a> {
    /// What decides between equal scores.
    fn order(&self) -> (Option<usize>, &str, Option<&str>, Id) {
        let kind = KINDS.iter().position(|kind| *kind == self.kind);
        (kind, &self.title, self.resource_type.as_deref(), Id::stored(ValueRef::from(&self.id)))
    }

    /// In the order of [`COLUMNS`].
    fn row(self) -> Vec<Value> {
        let ranges: Vec<[usize; 2]> =
            self.words.map_or(Vec::new(), |words| words.ranges(&self.title)).into_iter().map(|(first, end)| [first, end]).collect();
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        vec![
            Value::Text(self.kind.to_owned()),
            text(self.resource_type.map(|slug| slug.to_string())),
            self.id,
            Value::Text(self.title),
            text(self.subtitle),
            Value::Integer(self.score.0.into()),
            Value::Text(json!(ranges).to_string()),
            text(self.target),
        ]
    }
}

/// The resources that answer.
struct Pool<'a> {
    query: &'a Query,
    /// Nothing below this is wanted yet
    least: Tier,
    scratch: Scratch,
    ranked: Vec<Ranked>,
}

impl<'a> Pool<'a> {
    fn new(query: &'a Query, least: Tier) -> Pool<'a> {
        Pool { query, least, scratch: Scratch::new(), ranked: Vec::new() }
    }

    /// Takes a resource in if its title answers.
    fn consider(&mut self, resource_type: &Rc<str>, id: ValueRef<'_>, title: &str, folded: &Folded) {
        let by_path = self.query.path.as_ref().map(|(last, _)| (last, How::Path));
        for (words, how) in [(&self.query.all, How::Title)].into_iter().chain(by_path) {
            if let Some(score) = words.rate(&mut self.scratch, title, folded, self.least) {
                self.ranked.push(Ranked::new(score, how, resource_type, id, title));
            }
        }
    }
}
