//! What is kept between questions, and when it has to go.
//!
//! **Never stale.** What is kept belongs to one state of the data, named by the last changes, each with a number and a random token (see
//! `_authz_changes` in the schema). Before a question that name is compared with what it is now:
//!
//! * more changes, or others, for a ROLLBACK may have undone some: what the new and the undone ones touch is forgotten, and nothing else;
//! * a change of the model among them, or too many to follow: everything is forgotten;
//! * while the connection only reads, SQLite's data version tells whether anybody has committed since; if not, nothing is compared;
//! * with no transaction open, a statement is held open during the question, so that all of it sees one state of the file;
//! * what has expired is left out when it is read, and what has yet to expire carries its time along: when the connection moves its clock,
//!   everything is forgotten.
//!
//! **Bounded.** When more bytes have gathered than the limit `kept_bytes` allows, all are forgotten before the next question.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use hashbrown::HashMap;

use crate::base::clock::Clock;
use crate::base::identifier::Id;
use crate::base::time::Millis;
use crate::decide::goal::{Goal, Node, Relation, RoleKey, TypeKey, Who};
use crate::decide::rule::Rule;
use crate::facts::limits::Limits;
use crate::facts::nodes::{Nodes, Place};
use crate::facts::reader::Reader;
use crate::facts::visible::Visible;
use crate::model::compiled::{Kind, PARENT, Rules};
use crate::sqlite::connection::Engine;
use crate::sqlite::error::Result;
use crate::sqlite::transaction::Transaction;

/// The facts as a connection knows them: what it has read, how much of it may be kept, and the clock by which it judges.
pub(crate) struct Store {
    pub(crate) engine: Rc<Engine>,
    pub(crate) clock: Rc<Clock>,
    /// How much may be kept
    pub(crate) limits: Cell<Limits>,
    /// What has been done so far
    pub(crate) counts: Counts,
    memory: RefCell<Memory>,
}

/// How often a connection went which way, for `authz_debug()`.
#[derive(Default)]
pub(crate) struct Counts {
    /// Checks worked out one by one
    pub(crate) checks_point: Cell<u64>,
    /// Rows of a statement answered from the set of what the subject sees
    pub(crate) checks_from_set: Cell<u64>,
    /// Such sets made
    pub(crate) sets_built: Cell<u64>,
}

/// One more.
pub(crate) fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

impl Store {
    /// One that knows nothing yet.
    pub(crate) fn new(engine: &Rc<Engine>) -> Rc<Store> {
        let store = Rc::new(Store {
            engine: Rc::clone(engine),
            clock: Rc::default(),
            limits: Cell::default(),
            counts: Counts::default(),
            memory: RefCell::default(),
        });
        engine.before_closing(&store, Store::forget);
        store
    }

    /// Keeps nothing any more.
    pub(crate) fn forget(&self) {
        self.memory.borrow_mut().forget();
    }

    /// How many entries are kept, how often everything that was kept had to be forgotten, and how many changes were followed.
    pub(crate) fn tally(&self) -> (usize, u64, u64) {
        self.memory.try_borrow().map(|memory| (memory.entries(), memory.forgotten, memory.touched)).unwrap_or_default()
    }
}

/// What a connection keeps.
#[derive(Default)]
struct Memory {
    kept: Kept,
    /// The state of the data to which `kept` belongs: the last changes, the newest at the end; none where nothing is known
    changes: Vec<Change>,
    /// SQLite's data version at which that was last compared
    data_version: Option<u32>,
    /// How often everything that was kept had to be forgotten, and how many changes were followed, for `authz_debug()`
    forgotten: u64,
    touched: u64,
}

impl Memory {
    fn forget(&mut self) {
        self.kept = Kept { generation: self.kept.generation + 1, ..Kept::default() };
        self.changes = Vec::new();
        self.data_version = None;
    }

    fn entries(&self) -> usize {
        self.kept.nodes.len() + self.kept.entries
    }
}

/// Everything read so far. Resources, subjects, roles, relations and types are numbered as they are met.
#[derive(Default)]
pub(crate) struct Kept {
    /// How many things are kept besides the resources
    pub(crate) entries: usize,
    pub(crate) rules: Option<Rc<Rules>>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) permission_by_slug: HashMap<Box<str>, Relation>,
    pub(crate) nodes: Nodes,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) subject_by_text: HashMap<Box<str>, Who>,
    pub(crate) roles: Vec<Role>,
    pub(crate) role_by_name: HashMap<Role, RoleKey>,
    /// The relationships of a resource, where they are few
    pub(crate) related: HashMap<Goal, Related>,
    /// What subjects see
    pub(crate) visible: Vec<Rc<Visible>>,
    /// The names of the last question
    pub(crate) asked: Option<Asked>,
    /// Another one for every state of the data, and whenever everything was forgotten
    pub(crate) generation: u64,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.nodes.bytes() + self.entries * 80 + self.visible.iter().map(|visible| visible.ids.bytes()).sum::<usize>()
    }

    /// What contains a subject has changed, or where it is suspended; for a userset or a wildcard, so it has for all that it contains.
    fn touch_subject(&mut self, subject: &str) {
        if subject.contains('#') || subject.ends_with(":*") {
            return self.touch_all_subjects();
        }
        let Some(who) = self.subject_by_text.get(subject).copied() else { return };
        self.visible.retain(|visible| visible.who != who);
        if let Some(subject) = self.subjects.get_mut(who.0 as usize) {
            subject.reach = Reach::Unknown;
            subject.suspended = None;
        }
    }

    fn touch_all_subjects(&mut self) {
        self.visible.clear();
        for subject in &mut self.subjects {
            subject.reach = Reach::Unknown;
        }
    }
}

/// The names that most questions have in common, and what they stand for.
pub(crate) struct Asked {
    pub(crate) permission: Box<str>,
    pub(crate) slug: Box<str>,
    pub(crate) resource_type: TypeKey,
    pub(crate) relation: Relation,
}

/// A permission: the type it belongs to, and what grants it. It is numbered after the relations of the model.
pub(crate) struct Permission {
    pub(crate) slug: Box<str>,
    pub(crate) resource_type: TypeKey,
    pub(crate) rule: Rc<Rule>,
}

/// A role's slug and, for an organization role, its organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Role {
    pub(crate) slug: Box<str>,
    pub(crate) organization: Option<Id>,
}

/// The relationships of one relation to one resource.
#[derive(Clone)]
pub(crate) enum Related {
    /// Who, and until when
    Few(Rc<[(Who, Millis)]>),
    /// So many that they are looked up one by one
    Many,
}

/// A subject, and what has been found out about it.
pub(crate) struct Subject {
    pub(crate) text: Box<str>,
    /// `None` for what the model knows nothing of
    pub(crate) kind: Option<Kind>,
    /// For a userset: of what; for one subject: itself
    pub(crate) node: Option<Node>,
    pub(crate) reach: Reach,
    /// Where it itself holds other roles now than have been gathered
    pub(crate) stale: Vec<Node>,
    /// The organizations in which it is suspended
    pub(crate) suspended: Option<Rc<[Node]>>,
}

/// The usersets that contain a subject.
#[derive(Default, Clone)]
pub(crate) enum Reach {
    #[default]
    Unknown,
    /// More than is gathered unless it cannot be avoided
    Wide,
    Gathered(Rc<Gathered>),
}

/// All that contains a subject.
pub(crate) struct Gathered {
    /// The subject itself, then what contains it, each with the place of the one it was reached from
    pub(crate) carriers: Vec<(Who, usize)>,
    pub(crate) members: hashbrown::HashSet<Who>,
    /// What they hold, by resource; `None` when it is too much to gather, or not worth it
    pub(crate) held: Option<Holdings>,
    /// When the first relationship that was used expires
    pub(crate) until: Millis,
}

/// A role held on a resource until some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    /// The subject itself, or what contains it
    pub(crate) holder: Who,
    pub(crate) role: RoleKey,
    /// The first instant at which it is over; `Millis::MAX` for never
    pub(crate) expires_at: Millis,
}

/// Roles held, by resource.
#[derive(Default)]
pub(crate) struct Holdings {
    places: HashMap<Node, (u32, u32)>,
    all: Vec<Holding>,
}

impl Holdings {
    pub(crate) fn new(mut rows: Vec<(Node, Holding)>) -> Holdings {
        rows.sort_by_key(|(node, _)| *node);
        let mut holdings = Holdings::default();
        for (index, (node, holding)) in (0u32..).zip(rows) {
            holdings.all.push(holding);
            holdings.places.entry(node).or_insert((index, 0)).1 = index + 1;
        }
        holdings
    }

    /// What is held on exactly this resource.
    pub(crate) fn on(&self, node: Node) -> &[Holding] {
        let range = self.places.get(&node).map(|(from, to)| *from as usize..*to as usize);
        range.and_then(|range| self.all.get(range)).unwrap_or_default()
    }

    /// The resources on which anything is held, in the order of their numbers.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = self.places.keys().copied().collect();
        nodes.sort_unstable();
        nodes
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Says anew what one holder holds on one resource.
    pub(crate) fn replace(&mut self, holder: Who, node: Node, found: &[Holding]) {
        let mut held: Vec<Holding> = self.on(node).iter().filter(|one| one.holder != holder).copied().collect();
        held.extend_from_slice(found);
        let from = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.append(&mut held);
        let to = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        match from == to {
            true => self.places.remove(&node),
            false => self.places.insert(node, (from, to)),
        };
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

/// More changes than this are not followed one by one. The schema keeps the last 24 at least.
const MOST_CHANGES: usize = 64;

/// So many of the last changes are compared first.
const LOOKED_AT: usize = 2;

impl Store {
    /// Answers one question over one state of the file.
    pub(crate) fn read<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        // Borrowed already only where a question is asked from within another: somebody put a view in the place of one of our tables.
        let Ok(mut memory) = self.memory.try_borrow_mut() else {
            return question(&mut Reader::new(self, &mut Kept::default(), false));
        };
        match self.engine.transaction() {
            Transaction::Write => {
                self.catch_up(&mut memory)?;
                // The data version tells nothing of what is not committed.
                memory.data_version = None;
                self.ask(&mut memory, question)
            }
            Transaction::Read => self.read_committed(&mut memory, question),
            Transaction::None => self.engine.in_one_state(|| self.read_committed(&mut memory, question)),
        }
    }

    fn read_committed<T>(&self, memory: &mut Memory, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        let version = self.engine.data_version();
        if memory.data_version != Some(version) {
            self.catch_up(memory)?;
            memory.data_version = Some(version);
        }
        self.ask(memory, question)
    }

    fn ask<T>(&self, memory: &mut Memory, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        if memory.kept.bytes() > self.limits.get().kept_bytes {
            memory.forgotten += 1;
            memory.kept = Kept { generation: memory.kept.generation + 1, ..Kept::default() };
        }
        let answer = question(&mut Reader::new(self, &mut memory.kept, true));
        if answer.is_err() {
            // An interrupt may have left something half read.
            memory.forget();
        }
        answer
    }

    /// Brings what is kept to the state that the data have now.
    fn catch_up(&self, memory: &mut Memory) -> Result<()> {
        match self.follow(memory) {
            Ok(true) => {}
            Ok(false) => {
                memory.forgotten += u64::from(!memory.changes.is_empty());
                memory.forget();
                (_, memory.changes) = self.changes(include_str!("../../sql/facts/changes/last_change.sql"), &[], &[])?;
            }
            Err(error) => {
                memory.forget();
                return Err(error);
            }
        }
        if memory.changes.len() > 1 && self.engine.transaction() != Transaction::Write {
            // What is committed is not undone.
            memory.changes.drain(..memory.changes.len() - 1);
        }
        Ok(())
    }

    /// Touches what has changed since; `false` where that cannot be told or is too much.
    fn follow(&self, memory: &mut Memory) -> Result<bool> {
        // Where one that is known still stands, so do all before it. A ROLLBACK takes the last ones away, so some of these are looked at.
        for from in [memory.changes.len().saturating_sub(LOOKED_AT), 0] {
            let Some(first) = memory.changes.get(from) else { return Ok(false) };
            let known = memory.changes.get(from..).unwrap_or_default();
            let (still, new) = self.changes(include_str!("../../sql/facts/changes/changes.sql"), &[&first.number], known)?;
            if still > 0 {
                let undone = memory.changes.split_off(from + still);
                return self.touch_all(memory, &undone, new);
            }
        }
        Ok(false)
    }

    fn touch_all(&self, memory: &mut Memory, undone: &[Change], new: Vec<Change>) -> Result<bool> {
        let all: Vec<&Change> = undone.iter().chain(&new).collect();
        if memory.changes.len() + new.len() > MOST_CHANGES || all.iter().any(|change| change.is_of_everything()) {
            return Ok(false);
        }
        memory.touched += all.len() as u64;
        for (place, change) in all.iter().enumerate() {
            if !all.iter().skip(place + 1).any(|later| later.touches_the_same(change)) {
                self.touch(&mut memory.kept, change);
            }
        }
        memory.changes.extend(new);
        Ok(true)
    }

    /// How many of those that are known still stand, at the beginning of what a statement finds, and what comes after them.
    fn changes(&self, sql: &'static str, parameters: &[&dyn rusqlite::ToSql], known: &[Change]) -> Result<(usize, Vec<Change>)> {
        self.engine.with(sql, |statement| {
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

    /// Forgets what a change touches.
    fn touch(&self, kept: &mut Kept, change: &Change) {
        kept.generation += 1;
        let Some(rules) = kept.rules.clone() else {
            *kept = Kept { generation: kept.generation, ..Kept::default() };
            return;
        };
        let node = change.resource.as_ref().and_then(|(slug, id)| {
            let resource_type = rules.types.key(slug)?;
            Some(kept.nodes.number(resource_type, id.as_ref()))
        });
        let Some(subject) = &change.subject else {
            // A resource came, moved or went.
            kept.visible.clear();
            if let Some(node) = node {
                kept.nodes.set_place(node, Place::Unknown);
                let above = kept.nodes.resource_type(node).and_then(|of| rules.relation(of, PARENT));
                kept.related.retain(|goal, _| goal.node != node || Some(goal.relation) != above);
            }
            return;
        };
        match (&change.relation, node) {
            (None, Some(node)) => self.touch_holdings(kept, subject, node, &rules),
            (None, None) => kept.touch_subject(subject),
            (Some(relation), node) => {
                let resource_type = change.resource.as_ref().and_then(|(slug, _)| rules.types.key(slug));
                let is_member = resource_type == Some(rules.group) && relation == "member";
                let named = resource_type.and_then(|of| rules.relation(of, relation));
                for relation in named.into_iter().chain(is_member.then_some(rules.members)) {
                    if let Some(node) = node {
                        kept.related.remove(&Goal { relation, node });
                    }
                    match rules.get(relation).is_some_and(|one| one.gathered) {
                        true if is_member && subject.starts_with("group:") => kept.touch_all_subjects(),
                        true => kept.touch_subject(subject),
                        false => {}
                    }
                }
                kept.visible.retain(|visible| !visible.by_relations);
            }
        }
    }

    /// What a subject holds on one resource has changed: it is read anew when somebody next asks about the subject.
    fn touch_holdings(&self, kept: &mut Kept, subject: &str, node: Node, rules: &Rules) {
        if subject.starts_with("group:") {
            // Groups among the subjects hold by that text themselves; everybody else by the userset of the members.
            kept.visible.clear();
            let userset = format!("{subject}#{}", rules.get(rules.members).map_or("", |members| &members.name));
            let holders: Vec<Who> = [subject, &userset].iter().filter_map(|text| kept.subject_by_text.get(*text)).copied().collect();
            for one in &mut kept.subjects {
                if let Reach::Gathered(gathered) = &one.reach
                    && holders.iter().any(|holder| gathered.members.contains(holder))
                {
                    one.reach = Reach::Unknown;
                }
            }
            return;
        }
        let Some(who) = kept.subject_by_text.get(subject).copied() else { return };
        kept.visible.retain(|visible| visible.who != who);
        if let Some(one) = kept.subjects.get_mut(who.0 as usize) {
            match one.stale.len() < MOST_CHANGES {
                true => one.stale.push(node),
                false => one.reach = Reach::Unknown,
            }
        }
    }
}
