//! The subjects of a relation as sets: for lists in which many candidates meet intersections or exclusions.
//!
//! What unions, usersets and `from` lead to is one set of names, found in one walk; an intersection or an exclusion asks its parts. Where
//! that does not come out even, because a relation leads back to itself through an exclusion or nests too deep, there is no set, and each
//! candidate is decided by the solver.

use std::rc::Rc;

use hashbrown::{HashMap, HashSet};

use super::frontier::{Frontier, follow};
use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Who};
use crate::decide::rule::Rule;
use crate::decide::set::Set;
use crate::facts::reader::Reader;
use crate::sqlite::error::Result;

/// Deeper than this, exclusions and intersections are not nested in sets.
const DEEPEST: usize = 100;

/// The sets of the goals met so far; `None` for one that is being made.
pub(crate) struct Sets {
    made: HashMap<Goal, Option<Rc<Set>>>,
    /// Whether usersets are candidates: then each that is met is in the set of its members
    with_usersets: bool,
}

impl Sets {
    pub(crate) fn new(with_usersets: bool) -> Sets {
        Sets { made: HashMap::new(), with_usersets }
    }

    /// Who has the relation to the resource; `None` where no set says it.
    pub(crate) fn of(&mut self, reader: &mut Reader<'_>, goal: Goal) -> Result<Option<Rc<Set>>> {
        self.goal(reader, goal, 0)
    }

    fn goal(&mut self, reader: &mut Reader<'_>, goal: Goal, depth: usize) -> Result<Option<Rc<Set>>> {
        if let Some(made) = self.made.get(&goal) {
            return Ok(made.clone());
        }
        if depth >= DEEPEST {
            return Ok(None);
        }
        self.made.insert(goal, None);
        let rule = reader.rule(goal.relation)?;
        let set = self.part(reader, &rule, goal, depth)?;
        self.made.insert(goal, set.clone());
        Ok(set)
    }

    /// Who satisfies a part of the rule of a goal.
    fn part(&mut self, reader: &mut Reader<'_>, rule: &Rule, goal: Goal, depth: usize) -> Result<Option<Rc<Set>>> {
        let set = match rule {
            Rule::All(rules) => {
                let mut sets = Vec::new();
                for rule in rules {
                    let Some(set) = self.part(reader, rule, goal, depth)? else { return Ok(None) };
                    sets.push(set);
                }
                Set::All(sets)
            }
            Rule::ButNot(rules) => {
                let [base, not] = &**rules;
                let Some(base) = self.part(reader, base, goal, depth)? else { return Ok(None) };
                let Some(not) = self.part(reader, not, goal, depth)? else { return Ok(None) };
                Set::ButNot(base, not)
            }
            positive => return self.union(reader, positive, goal, depth),
        };
        if self.with_usersets {
            // The userset that the goal describes has its own relation, whatever the rule says.
            let own = HashSet::from([reader.userset(goal)?]);
            let is_whole = *reader.rule(goal.relation)? == *rule;
            if is_whole {
                return Ok(Some(Rc::new(Set::Any(own, vec![Rc::new(set)]))));
            }
        }
        Ok(Some(Rc::new(set)))
    }

    /// Everybody whom unions, usersets and `from` lead to, from one part of a rule on.
    fn union(&mut self, reader: &mut Reader<'_>, rule: &Rule, goal: Goal, depth: usize) -> Result<Option<Rc<Set>>> {
        let (mut named, mut sets) = (HashSet::new(), Vec::new());
        let mut frontier = Frontier::default();
        let is_whole = *reader.rule(goal.relation)? == *rule;
        if is_whole {
            frontier.meet(goal);
            if self.with_usersets {
                named.insert(reader.userset(goal)?);
            }
        }
        if !self.branch(reader, rule, goal, depth, &mut frontier, &mut named, &mut sets)? {
            return Ok(None);
        }
        let mut steps = 0u32;
        while let Some(next) = frontier.next() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(256) {
                reader.poll_interrupt()?;
            }
            let rule = reader.rule(next.relation)?;
            if rule.decides() {
                let Some(set) = self.goal(reader, next, depth + 1)? else { return Ok(None) };
                sets.push(set);
                continue;
            }
            if self.with_usersets {
                named.insert(reader.userset(next)?);
            }
            follow(reader, &rule, next, &mut frontier, &mut named)?;
        }
        Ok(Some(Rc::new(Set::Any(named, sets))))
    }

    /// One branch of a union: what it names and leads to; an intersection or exclusion in it is a set of its own. `false` where none says it.
    #[allow(clippy::too_many_arguments)]
    fn branch(
        &mut self,
        reader: &mut Reader<'_>,
        rule: &Rule,
        goal: Goal,
        depth: usize,
        frontier: &mut Frontier,
        named: &mut HashSet<Who>,
        sets: &mut Vec<Rc<Set>>,
    ) -> Result<bool> {
        match rule {
            Rule::Any(rules) => {
                for rule in rules {
                    if !self.branch(reader, rule, goal, depth, frontier, named, sets)? {
                        return Ok(false);
                    }
                }
            }
            Rule::All(_) | Rule::ButNot(_) => match self.part(reader, rule, goal, depth)? {
                Some(set) => sets.push(set),
                None => return Ok(false),
            },
            leaf => follow(reader, leaf, goal, frontier, named)?,
        }
        Ok(true)
    }
}
