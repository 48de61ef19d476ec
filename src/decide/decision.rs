//! The decision: who may do what. Plain Rust over [`Facts`]; no SQL, no cache, no clock of its own.
//!
//! Permissions and relations are one thing here, a [`Relation`]: something a subject may have to a resource. Each has a [`Rule`], and the
//! rules are all there is: a permission that roles grant is the rule *holds one of these roles here or above*, a group is a resource with
//! a relation to its members, a role assignment is a relationship. Nothing else gives access.
//!
//! The plain case, roles along the hierarchy, is a walk upwards ([`held_at`]). Everything else is decided by [`crate::decide::solver`].

use std::rc::Rc;

use crate::decide::solver::Solver;
use crate::sqlite::error::Result;

/// A resource, or whatever else has an id: a user, a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Node(pub(crate) u32);

/// A subject: one, everyone of a type, or a userset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Who(pub(crate) u32);

/// A relation or a permission of one resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Relation(pub(crate) u32);

/// A resource type, or a type of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeKey(pub(crate) u32);

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RoleKey(pub(crate) u32);

/// A question about one resource: does the subject have this relation to it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Goal {
    pub(crate) relation: Relation,
    pub(crate) node: Node,
}

/// What makes a subject have a relation.
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
    Any(Vec<Rule>),
    /// Each
    All(Vec<Rule>),
    /// The first and not the second
    ButNot(Box<[Rule; 2]>),
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

/// What the data say about a subject and one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
    /// Yes if one of these is
    If(Vec<Goal>),
}

/// What a decision asks of the data. Whatever has expired is not there.
pub(crate) trait Facts {
    /// The rule of a relation.
    fn rule(&mut self, relation: Relation) -> Result<Rc<Rule>>;
    /// The resource that `node` lies in; `None` at the top and for what is not registered.
    fn parent(&mut self, node: Node) -> Result<Option<Node>>;
    /// Whether the subject holds one of `roles` on exactly this resource.
    fn held(&mut self, who: Who, roles: &RoleSet, node: Node) -> Result<Found>;
    /// Whether a relationship of this relation names the subject; where not `by_name`, also as one of everybody.
    fn related(&mut self, who: Who, goal: Goal, by_name: bool) -> Result<Found>;
    /// What stands in this relation to the resource, with its type.
    fn through(&mut self, goal: Goal) -> Result<Vec<(TypeKey, Node)>>;
    /// Whether the subject is the userset that the goal describes.
    fn is_userset(&mut self, who: Who, goal: Goal) -> Result<bool>;
    /// Ends early when the host has asked to.
    fn poll_interrupt(&mut self) -> Result<()>;
}

/// Whether the subject has the relation to the resource.
pub(crate) fn holds(facts: &mut impl Facts, who: Who, goal: Goal) -> Result<bool> {
    if let Rule::Roles(roles) = &*facts.rule(goal.relation)?
        && let Held::Decided(at) = held_at(facts, who, roles, goal.node)?
    {
        return Ok(at.is_some());
    }
    Solver::new(who).holds(facts, goal)
}

/// Where a subject holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// At this resource, the nearest; `None` is nowhere
    Decided(Option<Node>),
    /// It depends on membership of groups that nobody has looked into
    Depends,
}

/// The nearest resource, from `node` upwards, where the subject holds one of `roles`.
pub(crate) fn held_at(facts: &mut impl Facts, who: Who, roles: &RoleSet, node: Node) -> Result<Held> {
    let mut up = Ancestors::from(node);
    while let Some(here) = up.next(facts)? {
        match facts.held(who, roles, here)? {
            Found::Yes => return Ok(Held::Decided(Some(here))),
            Found::No => {}
            Found::If(_) => return Ok(Held::Depends),
        }
    }
    Ok(Held::Decided(None))
}

/// A walk from a resource to the top. The schema lets no cycle come about; one made by hand, with the constraints off, ends the walk.
pub(crate) struct Ancestors {
    next: Option<Node>,
    // Brent's method: a marker that jumps to the walker at every power of two. Whoever meets it has been there before.
    marker: Node,
    steps: u32,
    until: u32,
}

impl Ancestors {
    /// A walk that begins with `resource` itself.
    pub(crate) fn from(resource: Node) -> Ancestors {
        Ancestors { next: Some(resource), marker: resource, steps: 0, until: 1 }
    }

    /// The next resource up.
    pub(crate) fn next(&mut self, facts: &mut impl Facts) -> Result<Option<Node>> {
        let Some(here) = self.next else { return Ok(None) };
        self.next = facts.parent(here)?.filter(|above| *above != self.marker);
        self.steps += 1;
        if self.steps == self.until {
            self.steps = 0;
            self.until = self.until.saturating_mul(2);
            if let Some(above) = self.next {
                self.marker = above;
            }
        }
        Ok(Some(here))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    /// Resource n lies in `parents[n]`; `holdings` are (resource, role).
    struct World {
        parents: Vec<Option<u32>>,
        holdings: Vec<(u32, u32)>,
    }

    impl Facts for World {
        fn rule(&mut self, _: Relation) -> Result<Rc<Rule>> {
            unreachable!()
        }
        fn parent(&mut self, node: Node) -> Result<Option<Node>> {
            Ok(self.parents[node.0 as usize].map(Node))
        }
        fn held(&mut self, _: Who, roles: &RoleSet, node: Node) -> Result<Found> {
            let found = self.holdings.iter().any(|(on, role)| *on == node.0 && roles.contains(RoleKey(*role)));
            Ok(if found { Found::Yes } else { Found::No })
        }
        fn related(&mut self, _: Who, _: Goal, _: bool) -> Result<Found> {
            unreachable!()
        }
        fn through(&mut self, _: Goal) -> Result<Vec<(TypeKey, Node)>> {
            unreachable!()
        }
        fn is_userset(&mut self, _: Who, _: Goal) -> Result<bool> {
            unreachable!()
        }
        fn poll_interrupt(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn set(roles: &[u32]) -> RoleSet {
        let mut set = RoleSet::default();
        roles.iter().for_each(|role| set.insert(RoleKey(*role)));
        set
    }

    #[test]
    fn a_role_reaches_down_and_never_up() {
        let mut world = World { parents: vec![None, Some(0), Some(1)], holdings: vec![(1, 70)] };
        let mut at = |roles: &[u32], node| held_at(&mut world, Who(0), &set(roles), Node(node)).unwrap();
        assert_eq!(at(&[70], 2), Held::Decided(Some(Node(1))));
        assert_eq!(at(&[70], 1), Held::Decided(Some(Node(1))));
        assert_eq!(at(&[70], 0), Held::Decided(None));
        assert_eq!(at(&[6, 71], 2), Held::Decided(None));
    }

    #[test]
    fn cycles_of_every_length_end_and_are_seen_whole() {
        for length in 1..40u32 {
            for tail in 0..10u32 {
                let total = length + tail;
                // A tail that leads into a ring.
                let parents = (0..total).map(|n| Some(if n + 1 == total { tail } else { n + 1 })).collect();
                let mut world = World { parents, holdings: vec![(total - 1, 1)] };
                let last = Held::Decided(Some(Node(total - 1)));
                assert_eq!(held_at(&mut world, Who(0), &set(&[1]), Node(0)).unwrap(), last, "{length} {tail}");
                assert_eq!(held_at(&mut world, Who(0), &set(&[2]), Node(0)).unwrap(), Held::Decided(None), "{length} {tail}");
            }
        }
    }
}
