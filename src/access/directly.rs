//! Who has a permission or a relation by what stands on the very resource, and not by what lies above it or by another resource.

use hashbrown::HashSet;

use super::candidates::{POLLED, Wanted};
use crate::decide::facts::{Facts, NamedFacts};
use crate::decide::frontier::{Frontier, follow};
use crate::decide::goal::{Goal, Relation, Who};
use crate::decide::rule::Rule;
use crate::facts::reader::Reader;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

/// The subjects that a role assignment or a relationship on the resource itself names, and those in the groups and usersets it names.
/// Whether they have the relation, in the end, is another question: an exclusion may be in the way.
pub(crate) struct Directly {
    named: HashSet<Who>,
}

impl Directly {
    pub(crate) fn of(reader: &mut Reader<'_>, goal: Goal, wanted: Wanted) -> Result<Directly> {
        let (mut named, mut frontier) = (HashSet::new(), Frontier::default());
        let mut on_itself = vec![goal.relation];
        let mut seen: HashSet<Relation> = HashSet::from([goal.relation]);
        while let Some(relation) = on_itself.pop() {
            let rule = reader.rule(relation)?;
            let mut computed = Vec::new();
            for (who, members) in named_here(reader, &rule, Goal { relation, node: goal.node }, &mut computed)? {
                named.insert(who);
                members.into_iter().for_each(|members| frontier.add(members));
            }
            on_itself.extend(computed.into_iter().filter(|relation| seen.insert(*relation)));
        }
        let mut steps = 0;
        while let Some(next) = frontier.next() {
            steps += 1;
            if steps % POLLED == 0 {
                reader.poll_interrupt()?;
            }
            if wanted == Wanted::Usersets(next.relation) {
                named.insert(reader.userset(next)?);
            }
            let rule = reader.rule(next.relation)?;
            follow(reader, &rule, next, &mut frontier, &mut named)?;
        }
        Ok(Directly { named })
    }

    /// Whether one who has it has it directly, be it as one of everybody.
    pub(crate) fn names(&self, reader: &mut Reader<'_>, subject: &str) -> Result<bool> {
        let who = reader.who(subject)?;
        if self.named.contains(&who) {
            return Ok(true);
        }
        match reader.kind(who) {
            Some(SubjectKind::One(of)) => Ok(self.named.contains(&reader.everyone(of)?)),
            _ => Ok(false),
        }
    }
}

/// Whom a rule names on the resource itself, with the members of what is a group or a userset, and the relations that it computes from.
fn named_here(reader: &mut Reader<'_>, rule: &Rule, goal: Goal, computed: &mut Vec<Relation>) -> Result<Vec<(Who, Option<Goal>)>> {
    Ok(match rule {
        Rule::Roles(roles) => reader.roles_named_on(goal.node, roles)?,
        Rule::Direct => reader.named_by(rule, goal)?,
        Rule::Computed(relation) => {
            computed.push(*relation);
            Vec::new()
        }
        Rule::From { .. } => Vec::new(),
        Rule::Any(rules) | Rule::All(rules) => {
            let mut named = Vec::new();
            for rule in rules.iter() {
                named.extend(named_here(reader, rule, goal, computed)?);
            }
            named
        }
        Rule::ButNot(rules) => {
            let [base, _] = &**rules;
            named_here(reader, base, goal, computed)?
        }
    })
}
