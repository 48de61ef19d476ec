//! What is kept between questions, and when it has to go.
//!
//! **Never stale.** Only what has been committed is kept, and it is kept under the revision at which it was read (see `_authz_revision`
//! in the schema: a random token that every write of ours replaces):
//!
//! * while the connection reads, SQLite's data version tells whether anybody has committed since; if so, the token tells whether that
//!   commit concerned us;
//! * while the connection has written and not committed, nothing is taken from here and nothing is kept: each question reads afresh,
//!   and so sees the uncommitted rows, and sees them vanish again with ROLLBACK or ROLLBACK TO;
//! * with no transaction open, a statement is held open during the question, so that all of it sees one state of the file.
//!
//! **Bounded.** When more than [`MOST_KEPT`] bytes have gathered, all are forgotten before the next question.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::decision::{Goal, Millis, Node, Relation, RoleKey, Rule, TypeKey, Who};
use crate::engine::{Engine, Transaction};
use crate::error::Result;
use crate::identifier::Id;
use crate::nodes::Nodes;
use crate::reader::Reader;
use crate::rules::{Kind, Rules};

/// How many bytes are kept at the most, by an estimate.
const MOST_KEPT: usize = 48 << 20;

/// What a connection keeps.
#[derive(Default)]
pub(crate) struct Store {
    kept: Kept,
    /// Data version and revision under which `kept` was read
    valid_at: Option<(u32, i64)>,
    /// How often what was kept had to be forgotten, for `authz_debug()`
    pub(crate) forgotten: u64,
}

impl Store {
    /// Keeps nothing any more.
    pub(crate) fn forget(&mut self) {
        self.kept = Kept::default();
        self.valid_at = None;
    }

    /// How many entries are kept.
    pub(crate) fn entries(&self) -> usize {
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
}

impl Kept {
    fn bytes(&self) -> usize {
        self.nodes.bytes() + self.entries * 80
    }
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
    pub(crate) role: RoleKey,
    /// The first instant at which it is over; `Millis::MAX` for never
    pub(crate) expires_at: Millis,
}

/// Roles held, by resource.
#[derive(Default)]
pub(crate) struct Holdings {
    places: hashbrown::HashMap<Node, (u32, u32)>,
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
}

impl Engine {
    /// Answers one question over one state of the file.
    pub(crate) fn read<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        match self.transaction() {
            Transaction::Write => question(&mut Reader::new(self, &mut Kept::default(), false)),
            Transaction::Read => self.read_kept(question),
            Transaction::None => self.with(include_str!("../sql/store/revision.sql"), |statement| {
                let mut rows = statement.query([])?;
                rows.next()?;
                self.read_kept(question)
            }),
        }
    }

    fn read_kept<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T>) -> Result<T> {
        // Borrowed already only where a question is asked from within another: somebody put a view in the place of one of our tables.
        let Ok(mut store) = self.store.try_borrow_mut() else {
            return question(&mut Reader::new(self, &mut Kept::default(), false));
        };
        let version = self.data_version();
        if store.valid_at.is_none_or(|(valid_version, _)| valid_version != version) {
            let token =
                self.with(include_str!("../sql/store/revision.sql"), |statement| Ok(statement.query_row([], |row| row.get::<_, i64>(0))?))?;
            if store.valid_at.is_none_or(|(_, valid_token)| valid_token != token) {
                store.forgotten += u64::from(store.valid_at.is_some());
                store.forget();
            }
            store.valid_at = Some((version, token));
        }
        if store.kept.bytes() > MOST_KEPT {
            store.forgotten += 1;
            store.kept = Kept::default();
        }
        let answer = question(&mut Reader::new(self, &mut store.kept, true));
        if answer.is_err() {
            // An interrupt may have left something half read.
            store.forget();
        }
        answer
    }
}

/// The time by which expiry is judged.
pub(crate) fn now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}

/// An `expires_at` as a number. A text that is no time has expired: the schema lets none in.
pub(crate) fn millis(expires_at: Option<&str>) -> Millis {
    match expires_at {
        None => Millis::MAX,
        Some(text) => chrono::DateTime::parse_from_rfc3339(text).map_or(Millis::MIN, |time| time.timestamp_millis()),
    }
}
