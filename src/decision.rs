//! The decision: who may do what. Plain Rust over [`Facts`]; no SQL, no cache, no clock of its own.
//!
//! A subject has permission P on resource R if it, or a group that contains it, holds an unexpired role with P on R or on any ancestor
//! of R. Nothing else gives access.

use std::borrow::Cow;

use crate::error::Result;

/// A resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Node(pub(crate) u32);

/// A subject together with the groups that contain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Who(pub(crate) u32);

/// A role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RoleKey(pub(crate) u32);

/// Milliseconds since 1970, UTC.
pub(crate) type Millis = i64;

/// A role held on a resource until some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) role: RoleKey,
    /// The first instant at which it is over; `Millis::MAX` for never
    pub(crate) expires_at: Millis,
}

impl Holding {
    /// What is due at exactly now is over.
    pub(crate) fn is_live(self, now: Millis) -> bool {
        self.expires_at > now
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

/// What a decision asks of the data.
pub(crate) trait Facts {
    /// The resource that `resource` lies in; `None` at the top and for what is not registered.
    fn parent(&mut self, resource: Node) -> Result<Option<Node>>;
    /// Whatever the subject, or a group that contains it, holds on exactly this resource, expired or not.
    fn held(&mut self, subject: Who, resource: Node) -> Result<Cow<'_, [Holding]>>;
}

/// The nearest resource, from `resource` upwards, where the subject holds one of `roles`; `None` means no access.
pub(crate) fn held_at(facts: &mut impl Facts, subject: Who, roles: &RoleSet, resource: Node, now: Millis) -> Result<Option<Node>> {
    let mut up = Ancestors::from(resource);
    while let Some(here) = up.next(facts)? {
        if facts.held(subject, here)?.iter().any(|holding| roles.contains(holding.role) && holding.is_live(now)) {
            return Ok(Some(here));
        }
    }
    Ok(None)
}

/// All roles that the subject holds on `resource` or above it, nearest first, each once.
pub(crate) fn roles_in_force(facts: &mut impl Facts, subject: Who, resource: Node, now: Millis) -> Result<Vec<RoleKey>> {
    let mut seen = RoleSet::default();
    let mut roles = Vec::new();
    let mut up = Ancestors::from(resource);
    while let Some(here) = up.next(facts)? {
        for holding in facts.held(subject, here)?.iter().filter(|holding| holding.is_live(now)) {
            if !seen.contains(holding.role) {
                seen.insert(holding.role);
                roles.push(holding.role);
            }
        }
    }
    Ok(roles)
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

    /// Resource n lies in `parents[n]`; `holdings` are (resource, role, expiry).
    struct World {
        parents: Vec<Option<u32>>,
        holdings: Vec<(u32, u32, Millis)>,
    }

    impl Facts for World {
        fn parent(&mut self, resource: Node) -> Result<Option<Node>> {
            Ok(self.parents[resource.0 as usize].map(Node))
        }

        fn held(&mut self, _subject: Who, resource: Node) -> Result<Cow<'_, [Holding]>> {
            let on = self.holdings.iter().filter(|(node, ..)| *node == resource.0);
            Ok(on.map(|(_, role, expires_at)| Holding { role: RoleKey(*role), expires_at: *expires_at }).collect())
        }
    }

    fn set(roles: &[u32]) -> RoleSet {
        let mut set = RoleSet::default();
        roles.iter().for_each(|role| set.insert(RoleKey(*role)));
        set
    }

    #[test]
    fn a_role_reaches_down_and_never_up() {
        let mut world = World { parents: vec![None, Some(0), Some(1)], holdings: vec![(1, 70, Millis::MAX)] };
        assert_eq!(held_at(&mut world, Who(0), &set(&[70]), Node(2), 5).unwrap(), Some(Node(1)));
        assert_eq!(held_at(&mut world, Who(0), &set(&[70]), Node(1), 5).unwrap(), Some(Node(1)));
        assert_eq!(held_at(&mut world, Who(0), &set(&[70]), Node(0), 5).unwrap(), None);
        assert_eq!(held_at(&mut world, Who(0), &set(&[6, 71]), Node(2), 5).unwrap(), None);
    }

    #[test]
    fn what_is_due_now_is_over() {
        let mut world = World { parents: vec![None], holdings: vec![(0, 1, 100)] };
        assert!(held_at(&mut world, Who(0), &set(&[1]), Node(0), 99).unwrap().is_some());
        assert!(held_at(&mut world, Who(0), &set(&[1]), Node(0), 100).unwrap().is_none());
    }

    #[test]
    fn cycles_of_every_length_end_and_are_seen_whole() {
        for length in 1..40u32 {
            for tail in 0..10u32 {
                let total = length + tail;
                // A tail that leads into a ring.
                let parents = (0..total).map(|n| Some(if n + 1 == total { tail } else { n + 1 })).collect();
                let mut world = World { parents, holdings: vec![(total - 1, 1, Millis::MAX)] };
                assert!(held_at(&mut world, Who(0), &set(&[1]), Node(0), 0).unwrap().is_some(), "{length} {tail}");
                assert!(held_at(&mut world, Who(0), &set(&[2]), Node(0), 0).unwrap().is_none(), "{length} {tail}");
            }
        }
    }
}
