//! What a connection has read of the facts.
//!
//! Nothing in here knows when it has to go: see `changes.rs`.

use std::rc::Rc;

use hashbrown::HashMap;

use super::bindings::Bound;
use super::held_roles::HeldRoles;
use super::nodes::Nodes;
use super::visible::VisibleSet;
use crate::base::identifier::Id;
use crate::base::time::Millis;
use crate::decide::goal::{Goal, Node, Relation, RoleKey, TypeKey, Who};
use crate::decide::rule::Rule;
use crate::model::compiled::{Rules, SubjectKind};

/// Everything read so far. Resources, subjects, roles, relations and types are numbered as they are met.
#[derive(Default)]
pub(crate) struct Cache {
    /// How many things are kept besides the resources
    pub(crate) entries: usize,
    pub(crate) rules: Option<Rc<Rules>>,
    /// Which facts are rows of the application's tables; read with the rules
    pub(crate) bound: Rc<Bound>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) permission_by_slug: HashMap<Box<str>, Relation>,
    pub(crate) nodes: Nodes,
    pub(crate) subjects: Vec<KnownSubject>,
    pub(crate) subject_by_text: HashMap<Box<str>, Who>,
    pub(crate) roles: Vec<Role>,
    pub(crate) role_by_name: HashMap<Role, RoleKey>,
    /// The setting `require_membership`
    pub(crate) requires_membership: Option<bool>,
    /// The relationships of a resource, where they are few
    pub(crate) related: HashMap<Goal, Related>,
    /// What subjects see
    pub(crate) visible: Vec<Rc<VisibleSet>>,
    /// Whether a role of one organization was met on a bound row, whose organization may become another
    pub(crate) judged_by_organization: bool,
    /// The names of the last question
    pub(crate) asked: Option<Asked>,
    /// Another one for every state of the data, and whenever everything was forgotten
    pub(crate) generation: u64,
}

impl Cache {
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.bytes() + self.entries * 80 + self.visible.iter().map(|visible| visible.ids.bytes()).sum::<usize>()
    }

    /// What contains a subject has changed, or where it is suspended; for a userset or a wildcard, so it has for all that it contains.
    pub(crate) fn touch_subject(&mut self, subject: &str) {
        if subject.contains('#') || subject.ends_with(":*") {
            return self.touch_all_subjects();
        }
        let Some(who) = self.subject_by_text.get(subject).copied() else { return };
        self.visible.retain(|visible| visible.who != who);
        if let Some(subject) = self.subjects.get_mut(who.0 as usize) {
            subject.reach = Reach::Unknown;
            subject.suspended = None;
            subject.is_gone = None;
        }
    }

    /// What contains any subject has changed.
    pub(crate) fn touch_all_subjects(&mut self) {
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
pub(crate) struct KnownSubject {
    pub(crate) text: Box<str>,
    /// `None` for what the model knows nothing of
    pub(crate) kind: Option<SubjectKind>,
    /// For a userset: of what; for one subject: itself
    pub(crate) node: Option<Node>,
    pub(crate) reach: Reach,
    /// Where it itself holds other roles now than have been gathered
    pub(crate) stale: Vec<Node>,
    /// In which organizations it is suspended
    pub(crate) suspended: Option<Suspended>,
    /// Whether it is a row of a bound table that is not there
    pub(crate) is_gone: Option<bool>,
}

/// In which organizations a subject is suspended.
#[derive(Clone)]
pub(crate) enum Suspended {
    In(Rc<[Node]>),
    /// In all but these: where the setting asks for a membership
    OutsideOf(Rc<[Node]>),
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
    pub(crate) held: Option<HeldRoles>,
    /// When the first relationship that was used expires
    pub(crate) until: Millis,
}
