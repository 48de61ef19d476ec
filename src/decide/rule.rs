//! The rules: what makes a subject have a relation.

use std::rc::Rc;

use super::goal::{Relation, RoleKey, TypeKey};

/// What makes a subject have a relation. Parts are shared, so that a clone costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Holds one of these roles on the resource or above it
    Roles(Rc<RoleSet>),
    /// Is named by a relationship
    Direct,
    /// Has another relation to the same resource
    Computed(Relation),
    /// Has a relation to what stands in `through` to the resource; which one depends on the type of what stands there
    From { through: Relation, relations: Rc<[(TypeKey, Relation)]> },
    /// At least one; none of none
    Any(Rc<[Rule]>),
    /// Each
    All(Rc<[Rule]>),
    /// The first and not the second
    ButNot(Rc<[Rule; 2]>),
}

impl Rule {
    /// Shows this rule and each one inside it, in the order in which they stand.
    pub(crate) fn each<'a>(&'a self, show: &mut impl FnMut(&'a Rule)) {
        show(self);
        match self {
            Rule::Any(rules) | Rule::All(rules) => rules.iter().for_each(|rule| rule.each(show)),
            Rule::ButNot(rules) => rules.iter().for_each(|rule| rule.each(show)),
            Rule::Roles(_) | Rule::Direct | Rule::Computed(_) | Rule::From { .. } => {}
        }
    }

    /// Whether `test` holds for this rule or one inside it.
    pub(crate) fn contains(&self, test: impl Fn(&Rule) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |rule| found |= test(rule));
        found
    }

    /// Whether it intersects or excludes, so that what it names need not have it.
    pub(crate) fn decides(&self) -> bool {
        self.contains(|rule| matches!(rule, Rule::All(_) | Rule::ButNot(_)))
    }
}

/// A set of roles: the ones that hold some permission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleSet {
    words: Vec<u64>,
}

impl RoleSet {
    pub(crate) fn insert(&mut self, role: RoleKey) {
        let word = (role.0 / 64) as usize;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(bits) = self.words.get_mut(word) {
            *bits |= 1 << (role.0 % 64);
        }
    }

    pub(crate) fn contains(&self, role: RoleKey) -> bool {
        self.words.get((role.0 / 64) as usize).is_some_and(|bits| bits >> (role.0 % 64) & 1 == 1)
    }
}
