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
use crate::decide::goal::{Goal, Node, Who};
use crate::model::compiled::{PARENT, Rules};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::transaction::{Committed, Transaction};

/// More changes than this are not followed one by one. The schema keeps the last 24 at least.
const MOST_CHANGES: usize = 64;

/// So many of the last changes are compared first.
const LOOKED_AT: usize = 2;

/// What a connection keeps.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) cache: Cache,
    /// The state of the data to which `cache` belongs: the last changes, the newest at the end; none where nothing is known
    changes: Vec<Change>,
    /// The committed state in which that was last compared
    pub(crate) committed: Option<Committed>,
    /// How often everything that was kept had to be forgotten, and how many changes were followed, for `authz_debug()`
    pub(crate) forgotten: u64,
    pub(crate) touched: u64,
}

impl Memory {
    /// Keeps nothing any more, which is counted where something was kept.
    pub(crate) fn forget(&mut self) {
        self.forgotten += u64::from(!self.changes.is_empty() || self.entries() > 0);
        self.cache = Cache { generation: self.cache.generation + 1, ..Cache::default() };
        self.changes = Vec::new();
        self.committed = None;
    }

    /// How many entries are kept.
    pub(crate) fn entries(&self) -> usize {
        self.cache.nodes.len() + self.cache.entries
    }

    /// Brings what is kept to the state that the data have now.
    pub(crate) fn catch_up(&mut self, engine: &Engine) -> Result<()> {
        match self.follow(engine) {
            Ok(true) => {}
            Ok(false) => {
                self.forget();
                (_, self.changes) = read(engine, include_str!("../../sql/facts/changes/last_change.sql"), &[], &[])?;
            }
            Err(error) => {
                self.forget();
                return Err(error);
            }
        }
        if self.changes.len() > 1 && engine.transaction() != Transaction::Write {
            // What is committed is not undone.
            self.changes.drain(..self.changes.len() - 1);
        }
        Ok(())
    }

    /// Touches what has changed since; `false` where that cannot be told or is too much.
    fn follow(&mut self, engine: &Engine) -> Result<bool> {
        // Where one that is known still stands, so do all before it. A ROLLBACK takes the last ones away, so some of these are looked at.
        for from in [self.changes.len().saturating_sub(LOOKED_AT), 0] {
            let Some(first) = self.changes.get(from) else { return Ok(false) };
            let known = self.changes.get(from..).unwrap_or_default();
            let (still, new) = read(engine, include_str!("../../sql/facts/changes/changes.sql"), &[&first.number], known)?;
            if still > 0 {
                let undone = self.changes.split_off(from + still);
                return Ok(self.touch_all(&undone, new));
            }
        }
        Ok(false)
    }

    fn touch_all(&mut self, undone: &[Change], new: Vec<Change>) -> bool {
        let all: Vec<&Change> = undone.iter().chain(&new).collect();
        if self.changes.len() + new.len() > MOST_CHANGES || all.iter().any(|change| change.is_of_everything()) {
            return false;
        }
        self.touched += all.len() as u64;
        for (place, change) in all.iter().enumerate() {
            if !all.iter().skip(place + 1).any(|later| later.touches_the_same(change)) {
                self.cache.touch(change);
            }
        }
        self.changes.extend(new);
        true
    }
}

/// A change of the data, as the schema notes it.
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
                let above = self.nodes.resource_type(node).and_then(|of| rules.relation(of, PARENT));
                self.related.retain(|goal, _| goal.node != node || Some(goal.relation) != above);
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
