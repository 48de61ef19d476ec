//! A walk from a goal to the subjects that its rules name: what has been met, and what is to be visited next.

use std::collections::VecDeque;

use hashbrown::HashSet;

use super::facts::NamedFacts;
use super::goal::{Goal, Who};
use super::rule::Rule;

/// Goals met on a walk, each once.
#[derive(Default)]
pub(crate) struct Frontier {
    pub(crate) goals: HashSet<Goal>,
    open: VecDeque<Goal>,
}

impl Frontier {
    pub(crate) fn add(&mut self, goal: Goal) {
        if self.goals.insert(goal) {
            self.open.push_back(goal);
        }
    }

    /// Notes a goal that need not be visited.
    pub(crate) fn meet(&mut self, goal: Goal) {
        self.goals.insert(goal);
    }

    /// The next goal to visit.
    pub(crate) fn next(&mut self) -> Option<Goal> {
        self.open.pop_front()
    }
}

/// The subjects that a rule names, and the goals that it leads to, as if intersections were unions and exclusions excluded nobody.
pub(crate) fn follow<F: NamedFacts>(
    facts: &mut F,
    rule: &Rule,
    goal: Goal,
    frontier: &mut Frontier,
    named: &mut HashSet<Who>,
) -> Result<(), F::Error> {
    match rule {
        Rule::Roles(_) | Rule::Direct => {
            for (who, members) in facts.named_by(rule, goal)? {
                named.insert(who);
                members.into_iter().for_each(|members| frontier.add(members));
            }
        }
        Rule::Computed(relation) => frontier.add(Goal { relation: *relation, node: goal.node }),
        Rule::From { through, relations } => {
            for (of, node) in facts.through(Goal { relation: *through, node: goal.node })? {
                for (_, relation) in relations.iter().filter(|(key, _)| *key == of) {
                    frontier.add(Goal { relation: *relation, node });
                }
            }
        }
        Rule::Any(rules) | Rule::All(rules) => rules.iter().try_for_each(|rule| follow(facts, rule, goal, frontier, named))?,
        Rule::ButNot(rules) => rules.iter().try_for_each(|rule| follow(facts, rule, goal, frontier, named))?,
    }
    Ok(())
}
