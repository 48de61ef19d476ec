//! The subjects of a relation as a set: names, and other sets that are united, intersected or excluded.

use std::cell::Cell;
use std::rc::Rc;

use hashbrown::HashSet;

use super::goal::Who;

/// So many sets are asked about one candidate at the most.
const MOST_ASKED: u32 = 10_000;

/// Who has a relation, or satisfies a part of its rule.
pub(crate) enum Set {
    /// All who are named, and all of other sets
    Any(HashSet<Who>, Vec<Rc<Set>>),
    All(Vec<Rc<Set>>),
    ButNot(Rc<Set>, Rc<Set>),
}

/// A candidate: the subject, and the wildcard of its type where it is one subject.
#[derive(Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) who: Who,
    pub(crate) every: Option<Who>,
}

impl Set {
    /// Whether the candidate is in the set; where `by_name`, not only as one of everybody. `None` where that takes too long to say.
    pub(crate) fn contains(&self, candidate: Candidate, by_name: bool) -> Option<bool> {
        self.asked(candidate, by_name, &Cell::new(MOST_ASKED))
    }

    fn asked(&self, candidate: Candidate, by_name: bool, left: &Cell<u32>) -> Option<bool> {
        left.set(left.get().checked_sub(1)?);
        Some(match self {
            Set::Any(named, sets) => {
                let is_named = named.contains(&candidate.who) || (!by_name && candidate.every.is_some_and(|every| named.contains(&every)));
                if is_named {
                    return Some(true);
                }
                for set in sets {
                    if set.asked(candidate, by_name, left)? {
                        return Some(true);
                    }
                }
                false
            }
            Set::All(sets) => {
                let mut named = !by_name;
                for set in sets {
                    if !set.asked(candidate, false, left)? {
                        return Some(false);
                    }
                    named = named || set.asked(candidate, true, left)?;
                }
                named
            }
            Set::ButNot(base, not) => base.asked(candidate, by_name, left)? && !not.asked(candidate, false, left)?,
        })
    }
}
