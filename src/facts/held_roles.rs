//! The roles that a subject holds, and on which resources.

use hashbrown::HashMap;

use crate::base::time::Millis;
use crate::decide::goal::{Node, RoleKey, Who};

/// A role held on a resource until some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldRole {
    /// The subject itself, or what contains it
    pub(crate) holder: Who,
    pub(crate) role: RoleKey,
    /// The first instant at which it is over; `Millis::MAX` for never
    pub(crate) expires_at: Millis,
}

/// Roles held, by resource.
#[derive(Default)]
pub(crate) struct HeldRoles {
    places: HashMap<Node, (u32, u32)>,
    all: Vec<HeldRole>,
}

impl HeldRoles {
    pub(crate) fn new(mut rows: Vec<(Node, HeldRole)>) -> HeldRoles {
        rows.sort_by_key(|(node, _)| *node);
        let mut holdings = HeldRoles::default();
        for (index, (node, holding)) in (0u32..).zip(rows) {
            holdings.all.push(holding);
            holdings.places.entry(node).or_insert((index, 0)).1 = index + 1;
        }
        holdings
    }

    /// What is held on exactly this resource.
    #[inline]
    pub(crate) fn on(&self, node: Node) -> &[HeldRole] {
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
    pub(crate) fn replace(&mut self, holder: Who, node: Node, found: &[HeldRole]) {
        let mut held: Vec<HeldRole> = self.on(node).iter().filter(|one| one.holder != holder).copied().collect();
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
