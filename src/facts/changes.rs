//! When what is kept between questions has to go.
//!
//! **Never stale.** What is kept belongs to one state of the data, named by the last changes, each with a number and a random token (see
//! `_authz_changes` in the schema). Before a question that name is compared with what it is now:
//!
//! * more changes, or others, for a ROLLBACK may have undone some: what the new and the undone ones touch is forgotten, and nothing else;
//! * a change of the model among them, or too many to follow: everything is forgotten;
//! * while the connection only reads, SQLite's data version tells whether anybody has committed since; if not, nothing is compared
//!   (where the data version does not tell, see `Engine::committed`, they are always compared);
//! * where the connection reads what others have not committed, nothing is kept;
//! * with no transaction open, a statement is held open during the question, so that all of it sees one state of the file;
//! * what has expired is left out when it is read, and what has yet to expire carries its time along: when the connection moves its clock,
//!   everything is forgotten.

use super::cache::{Cache, Reach};
use super::nodes::Location;
use crate::base::identifier::Id;
use crate::decide::goal::{Goal, Node, TypeKey, Who};
use crate::model::compiled::{PARENT, Rules};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::transaction::{Committed, Transaction};

/// A list of changes that the file keeps: our own tables have one, the bound tables of the application another.
struct Trail {
    /// All from a number on, one more than are followed at the most
    from: &'static str,
    last: &'static str,
    /// More than these are not followed one by one. The file keeps 24 of its own at least, and 64 of those in bound tables.
    most: usize,
    /// The state to which what is kept belongs: the last changes, the newest at the end; none where nothing is known
    known: Vec<Change>,
    /// The number of the last change that is known to be committed
    settled: i64,
}

/// So many of the last changes are compared first.
const LOOKED_AT: usize = 2;

impl Trail {
    fn of(from: &'static str, last: &'static str, most: usize) -> Trail {
        Trail { from, last, most, known: Vec::new(), settled: 0 }
    }

    /// Begins with the state that is in view.
    fn begin(&mut self, engine: &Engine) -> Result<()> {
        self.known.clear();
        (_, self.known) = read(engine, self.last, &[], &[])?;
        Ok(())
    }

    /// What came since, and what was undone; `None` where that cannot be told or is too much.
    fn follow(&mut self, engine: &Engine) -> Result<Option<Vec<Change>>> {
        // Where one that is known still stands, so do all before it. A ROLLBACK takes the last ones away, so some of these are looked at.
        for from in [self.known.len().saturating_sub(LOOKED_AT), 0] {
            let Some(first) = self.known.get(from) else { return Ok(None) };
            let known = self.known.get(from..).unwrap_or_default();
            let (still, new) = read(engine, self.from, &[&first.number], known)?;
            if still > 0 {
                let mut all = self.known.split_off(from + still);
                if self.known.len() + new.len() > self.most {
                    return Ok(None);
                }
                self.known.extend(new.iter().cloned());
                all.extend(new);
                return Ok(Some(all));
            }
        }
        Ok(None)
    }

    /// What is committed is not undone.
    fn settle(&mut self) {
        self.settled = self.known.last().map_or(0, |last| last.number);
        if self.known.len() > 1 {
            self.known.drain(..self.known.len() - 1);
        }
    }
}

/// What a connection keeps.
pub(crate) struct Memory {
    pub(crate) cache: Cache,
    /// The changes in our own tables
    own: Trail,
    /// The changes in bound tables of the application
    bound: Trail,
    /// The committed state in which that was last compared
    pub(crate) committed: Option<Committed>,
    /// How often everything that was kept had to be forgotten, and how many changes were followed, for `authz_debug()`
    pub(crate) forgotten: u64,
    pub(crate) touched: u64,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            cache: Cache::default(),
            own: Trail::of(
                include_str!("../../sql/facts/changes/changes.sql"),
                include_str!("../../sql/facts/changes/last_change.sql"),
                MOST_CHANGES,
            ),
            bound: Trail::of(
                include_str!("../../sql/facts/changes/row_changes.sql"),
                include_str!("../../sql/facts/changes/last_row_change.sql"),
                2 * MOST_CHANGES,
            ),
            committed: None,
            forgotten: 0,
            touched: 0,
        }
    }
}

const MOST_CHANGES: usize = 64;

impl Memory {
    /// Keeps nothing any more, which is counted where something was kept.
    pub(crate) fn forget(&mut self) {
        self.forgotten += u64::from(!self.own.known.is_empty() || self.entries() > 0);
        self.cache = Cache { generation: self.cache.generation + 1, ..Cache::default() };
        self.own.known.clear();
        self.bound.known.clear();
        self.committed = None;
    }

    /// How many entries are kept.
    pub(crate) fn entries(&self) -> usize {
        self.cache.nodes.len() + self.cache.entries
    }

    /// Whether a row of a bound table is about to change, so that what is read now may not be so in a moment.
    pub(crate) fn is_about_to_change(&self) -> bool {
        !self.cache.bound.is_empty()
            && self.bound.known.last().is_some_and(|last| last.is_of_everything() && last.number > self.bound.settled)
    }

    /// Brings what is kept to the state that the data have now.
    pub(crate) fn catch_up(&mut self, engine: &Engine) -> Result<()> {
        let followed = self.follow(engine).and_then(|is_followed| match is_followed {
            true => Ok(()),
            false => {
                self.forget();
                engine.forget_made();
                self.own.begin(engine)?;
                self.bound.begin(engine)
            }
        });
        if let Err(error) = followed {
            self.forget();
            return Err(error);
        }
        if engine.transaction() != Transaction::Write {
            self.own.settle();
            self.bound.settle();
        }
        Ok(())
    }

    /// Touches what has changed since; `false` where that cannot be told or is too much.
    fn follow(&mut self, engine: &Engine) -> Result<bool> {
        let Some(changes) = self.own.follow(engine)? else { return Ok(false) };
        if changes.iter().any(Change::is_of_everything) {
            return Ok(false);
        }
        self.touch_all(&changes);
        if self.cache.bound.is_empty() {
            return Ok(true);
        }
        // Another schema may be one without the triggers that note changes.
        if engine.was_recompiled() || !self.cache.bound.is_noted() {
            return Ok(false);
        }
        match self.bound.follow(engine)? {
            Some(changes) => self.touch_all(&changes),
            None => {
                self.cache.touch_bound();
                self.bound.begin(engine)?;
            }
        }
        Ok(true)
    }

    fn touch_all(&mut self, changes: &[Change]) {
        self.touched += changes.len() as u64;
        for (place, change) in changes.iter().enumerate() {
            let is_mark = change.is_of_everything();
            if !is_mark && !changes.iter().skip(place + 1).any(|later| later.touches_the_same(change)) {
                self.cache.touch(change);
            }
        }
    }
}

/// A change of the data, as the schema notes it.
#[derive(Clone)]
struct Change {
    number: i64,
    token: i64,
    subject: Option<String>,
    relation: Option<String>,
    resource: Option<(String, Id)>,
}

impl Change {
    /// The model has changed.
    fn is_of_everything(&self) -> bool {
        self.subject.is_none() && self.resource.is_none()
    }

    fn touches_the_same(&self, other: &Change) -> bool {
        (&self.subject, &self.relation, &self.resource) == (&other.subject, &other.relation, &other.resource)
    }
}

/// How many of those that are known still stand, at the beginning of what a statement finds, and what comes after them.
fn read(engine: &Engine, sql: &'static str, parameters: &[&dyn rusqlite::ToSql], known: &[Change]) -> Result<(usize, Vec<Change>)> {
    engine.with(sql, |statement| {
        let mut rows = statement.query(parameters)?;
        let (mut still, mut changes) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            let (number, token) = (row.get(0)?, row.get(1)?);
            if changes.is_empty() && known.get(still).is_some_and(|known| (known.number, known.token) == (number, token)) {
                still += 1;
                continue;
            }
            let resource = match row.get::<_, Option<String>>(4)? {
                Some(slug) => Some((slug, Id::stored(row.get_ref(5)?))),
                None => None,
            };
            changes.push(Change { number, token, subject: row.get(2)?, relation: row.get(3)?, resource });
        }
        Ok((still, changes))
    })
}

impl Cache {
    /// Forgets what a change touches.
    fn touch(&mut self, change: &Change) {
        self.generation += 1;
        let Some(rules) = self.rules.clone() else {
            *self = Cache { generation: self.generation, ..Cache::default() };
            return;
        };
        let node = change.resource.as_ref().and_then(|(slug, id)| {
            let resource_type = rules.types.key(slug)?;
            Some(self.nodes.number(resource_type, id.as_ref()))
        });
        let Some(subject) = &change.subject else {
            // A resource came, moved or went.
            self.visible.clear();
            if let Some(node) = node {
                self.nodes.set_place(node, Location::Unknown);
                if let Some(of) = self.nodes.resource_type(node) {
                    if let Some(relation) = rules.relation(of, PARENT) {
                        self.related.remove(&Goal { relation, node });
                    }
                    if self.bound.has(of) {
                        self.touch_row(of, node, &rules);
                    }
                }
            }
            return;
        };
        match (&change.relation, node) {
            (None, Some(node)) => self.touch_held_roles(subject, node, &rules),
            (None, None) => self.touch_subject(subject),
            (Some(relation), node) => {
                let resource_type = change.resource.as_ref().and_then(|(slug, _)| rules.types.key(slug));
                let is_member = resource_type == Some(rules.group) && relation == "member";
                let named = resource_type.and_then(|of| rules.relation(of, relation));
                for relation in named.into_iter().chain(is_member.then_some(rules.members)) {
                    if let Some(node) = node {
                        self.related.remove(&Goal { relation, node });
                    }
                    match rules.get(relation).is_some_and(|one| one.gathered) {
                        true if is_member && subject.starts_with("group:") => self.touch_all_subjects(),
                        true => self.touch_subject(subject),
                        false => {}
                    }
                }
                self.visible.retain(|visible| !visible.by_relations);
            }
        }
    }

    /// A bound row has changed: its relations are others, and whom it contains; and it may lie in another organization.
    fn touch_row(&mut self, of: TypeKey, node: Node, rules: &Rules) {
        if self.bound.relates(of) {
            let mut contains = false;
            for (_, relation) in rules.names(of) {
                self.related.remove(&Goal { relation, node });
                contains |= rules.get(relation).is_some_and(|one| one.gathered);
            }
            if contains {
                self.touch_all_subjects();
            }
        }
        if self.judged_by_organization {
            self.touch_all_subjects();
        }
    }

    /// Much has changed in bound tables: all that was read of them goes, and the model and what is registered stay.
    fn touch_bound(&mut self) {
        self.generation += 1;
        self.nodes.forget_places();
        self.related.clear();
        self.touch_all_subjects();
        for subject in &mut self.subjects {
            subject.is_gone = None;
        }
    }

    /// What a subject holds on one resource has changed: it is read anew when somebody next asks about the subject.
    fn touch_held_roles(&mut self, subject: &str, node: Node, rules: &Rules) {
        if subject.starts_with("group:") {
            // Groups among the subjects hold by that text themselves; everybody else by the userset of the members.
            self.visible.clear();
            let userset = format!("{subject}#{}", rules.get(rules.members).map_or("", |members| &members.name));
            let holders: Vec<Who> = [subject, &userset].iter().filter_map(|text| self.subject_by_text.get(*text)).copied().collect();
            for one in &mut self.subjects {
                if let Reach::Gathered(gathered) = &one.reach
                    && holders.iter().any(|holder| gathered.members.contains(holder))
                {
                    one.reach = Reach::Unknown;
                }
            }
            return;
        }
        let Some(who) = self.subject_by_text.get(subject).copied() else { return };
        self.visible.retain(|visible| visible.who != who);
        if let Some(one) = self.subjects.get_mut(who.0 as usize) {
            match one.stale.len() < MOST_CHANGES {
                true => one.stale.push(node),
                false => one.reach = Reach::Unknown,
            }
        }
    }
}
