//! The decision: who may do what. Plain Rust over the trait [`Facts`]; no SQL, no cache, no clock of its own.
//!
//! Permissions and relations are one thing here, a [`Relation`](goal::Relation): something a subject may have to a resource. Each has a
//! [`Rule`], and the rules are all there is: a permission that roles grant is the rule *holds one of these roles here or above*, a group is
//! a resource with a relation to its members, a role assignment is a relationship. Nothing else gives access.
//!
//! The plain case, roles along the hierarchy, is a walk upwards ([`nearest_held`]). Everything else is decided by the [`Solver`].
//! Lists ask from the other side: a [`frontier`] finds who may come into question, and [sets](set) or the solver decide each of them.
//!
//! Pure. May use: no other room, not even `base`. What the data say, and what can go wrong in asking them, comes through the trait.

pub(crate) mod cycle;
pub(crate) mod facts;
pub(crate) mod formula;
pub(crate) mod frontier;
pub(crate) mod goal;
pub(crate) mod roles;
pub(crate) mod rule;
pub(crate) mod set;
pub(crate) mod solver;

use self::facts::Facts;
use self::goal::{Goal, Who};
use self::roles::{Nearest, nearest_held};
use self::rule::Rule;
use self::solver::Solver;

/// Whether the subject has the relation to the resource.
pub(crate) fn holds<F: Facts>(facts: &mut F, who: Who, goal: Goal) -> Result<bool, F::Error> {
    if let Rule::Roles(roles) = &*facts.rule(goal.relation)?
        && let Nearest::Decided(at) = nearest_held(facts, who, roles, goal.node)?
    {
        return Ok(at.is_some());
    }
    Solver::new(who).holds(facts, goal)
}
