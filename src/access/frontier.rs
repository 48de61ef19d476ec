//! A walk from a goal to the subjects that its rules name: what has been met, and what is to be visited next.

use std::collections::VecDeque;

use hashbrown::HashSet;

use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::Rule;
use crate::facts::assignments::assignment_is_live;
use crate::facts::reader::Reader;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

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

/// The subjects that a rule names, and the goals that it leads to.
pub(crate) fn follow(reader: &mut Reader<'_>, rule: &Rule, goal: Goal, frontier: &mut Frontier, named: &mut HashSet<Who>) -> Result<()> {
    match rule {
        Rule::Roles(roles) => {
            let rules = reader.rules()?;
            let mut up = Ancestors::from(goal.node);
            while let Some(here) = up.next(reader)? {
                if !reader.is_registered(here)? {
                    continue;
                }
                for assignment in reader.assignments_on(here)? {
                    if roles.contains(assignment.role) && assignment_is_live(reader, &assignment) {
                        let who = reader.who(&assignment.subject)?;
                        named.insert(who);
                        if let (Some(SubjectKind::One(of)), Some(node)) = (reader.kind(who), reader.node_of(who))
                            && of == rules.group
                        {
                            frontier.add(Goal { relation: rules.members, node });
                        }
                    }
                }
            }
        }
        Rule::Direct => {
            for (who, expires_at) in reader.relationships(goal, usize::MAX)?.unwrap_or_default() {
                if reader.is_live(expires_at) {
                    named.insert(who);
                    if let (Some(SubjectKind::Userset(relation)), Some(node)) = (reader.kind(who), reader.node_of(who)) {
                        frontier.add(Goal { relation, node });
                    }
                }
            }
        }
        Rule::Computed(relation) => frontier.add(Goal { relation: *relation, node: goal.node }),
        Rule::From { through, relations } => {
            for (of, node) in reader.through(Goal { relation: *through, node: goal.node })? {
                for (_, relation) in relations.iter().filter(|(key, _)| *key == of) {
                    frontier.add(Goal { relation: *relation, node });
                }
            }
        }
        Rule::Any(rules) | Rule::All(rules) => {
            for rule in rules {
                follow(reader, rule, goal, frontier, named)?;
            }
        }
        Rule::ButNot(rules) => {
            for rule in &**rules {
                follow(reader, rule, goal, frontier, named)?;
            }
        }
    }
    Ok(())
}
