//! Roles along the hierarchy: the plain case, a walk upwards.

use super::facts::{Facts, Found};
use super::goal::{Node, Who};
use super::rule::RoleSet;

/// Where a subject holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nearest {
    /// At this resource, the nearest; `None` is nowhere
    Decided(Option<Node>),
    /// It depends on membership of groups that nobody has looked into
    Depends,
}

/// The nearest resource, from `node` upwards, where the subject holds one of `roles`.
pub(crate) fn nearest_held<F: Facts>(facts: &mut F, who: Who, roles: &RoleSet, node: Node) -> Result<Nearest, F::Error> {
    let mut up = Ancestors::from(node);
    while let Some(here) = up.next(facts)? {
        match facts.holds_role(who, roles, here)? {
            Found::Yes => return Ok(Nearest::Decided(Some(here))),
            Found::No => {}
            Found::If(_) => return Ok(Nearest::Depends),
        }
    }
    Ok(Nearest::Decided(None))
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
    #[inline]
    pub(crate) fn next<F: Facts>(&mut self, facts: &mut F) -> Result<Option<Node>, F::Error> {
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
    use std::convert::Infallible;
    use std::rc::Rc;

    use super::*;
    use crate::decide::goal::{Goal, Relation, RoleKey, TypeKey};
    use crate::decide::rule::Rule;

    /// Resource n lies in `parents[n]`; `holdings` are (resource, role).
    struct World {
        parents: Vec<Option<u32>>,
        holdings: Vec<(u32, u32)>,
    }

    impl Facts for World {
        type Error = Infallible;

        fn rule(&mut self, _: Relation) -> Result<Rc<Rule>, Infallible> {
            unreachable!()
        }
        fn parent(&mut self, node: Node) -> Result<Option<Node>, Infallible> {
            Ok(self.parents[node.0 as usize].map(Node))
        }
        fn holds_role(&mut self, _: Who, roles: &RoleSet, node: Node) -> Result<Found, Infallible> {
            let found = self.holdings.iter().any(|(on, role)| *on == node.0 && roles.contains(RoleKey(*role)));
            Ok(if found { Found::Yes } else { Found::No })
        }
        fn related(&mut self, _: Who, _: Goal, _: bool) -> Result<Found, Infallible> {
            unreachable!()
        }
        fn through(&mut self, _: Goal) -> Result<Vec<(TypeKey, Node)>, Infallible> {
            unreachable!()
        }
        fn is_userset(&mut self, _: Who, _: Goal) -> Result<bool, Infallible> {
            unreachable!()
        }
        fn poll_interrupt(&mut self) -> Result<(), Infallible> {
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
        let mut at = |roles: &[u32], node| nearest_held(&mut world, Who(0), &set(roles), Node(node)).unwrap();
        assert_eq!(at(&[70], 2), Nearest::Decided(Some(Node(1))));
        assert_eq!(at(&[70], 1), Nearest::Decided(Some(Node(1))));
        assert_eq!(at(&[70], 0), Nearest::Decided(None));
        assert_eq!(at(&[6, 71], 2), Nearest::Decided(None));
    }

    #[test]
    fn cycles_of_every_length_end_and_are_seen_whole() {
        for length in 1..40u32 {
            for tail in 0..10u32 {
                let total = length + tail;
                // A tail that leads into a ring.
                let parents = (0..total).map(|n| Some(if n + 1 == total { tail } else { n + 1 })).collect();
                let mut world = World { parents, holdings: vec![(total - 1, 1)] };
                let last = Nearest::Decided(Some(Node(total - 1)));
                assert_eq!(nearest_held(&mut world, Who(0), &set(&[1]), Node(0)).unwrap(), last, "{length} {tail}");
                assert_eq!(nearest_held(&mut world, Who(0), &set(&[2]), Node(0)).unwrap(), Nearest::Decided(None), "{length} {tail}");
            }
        }
    }
}
