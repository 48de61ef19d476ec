//! Who and what may come into question: the sides of a decision that are not given.
//!
//! A list is asked backwards: from the subject to all resources, or from the resource to all subjects. Both walks follow every relationship
//! that could matter, as if intersections were unions and exclusions excluded nobody. Where the rules on the way contain neither, that is
//! the answer; where they do, each candidate is decided by itself, by the same solver as any check. So a list says what checks say.

use std::collections::BTreeSet;

use hashbrown::HashSet;

use super::relevant::{Relevant, Way, relevant, ways_on};
use super::walk::{Walk, starts_of};
use crate::base::identifier::{Id, IdRef};
use crate::decide::facts::Facts;
use crate::decide::frontier::{Frontier, follow};
use crate::decide::goal::{Goal, Node, Relation, TypeKey, Who};
use crate::decide::rule::Rule;
use crate::decide::set::{Candidate, Sets};
use crate::decide::solver::Solver;
use crate::facts::reader::Reader;
use crate::model::compiled::SubjectKind;
use crate::sqlite::error::Result;

/// Every resource to which the subject has the relation, registered or known from a relationship, in no order.
pub(crate) fn resources(reader: &mut Reader<'_>, who: Who, target: Relation) -> Result<Vec<Node>> {
    let relevant = relevant(reader, target)?;
    let ways = ways_on(reader, &relevant)?;
    let mut frontier = Frontier::default();
    seed(reader, who, &relevant, &mut frontier)?;
    let mut steps = 0u32;
    while let Some(goal) = frontier.next() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(256) {
            reader.poll_interrupt()?;
        }
        for (relation, way) in ways.get(&goal.relation).into_iter().flatten() {
            match way {
                Way::Computed => frontier.add(Goal { relation: *relation, node: goal.node }),
                Way::From(through) => {
                    let subject = reader.who_is(goal.node)?;
                    for node in related_to(reader, subject, *through)? {
                        frontier.add(Goal { relation: *relation, node });
                    }
                }
                Way::Userset => {
                    let subject = reader.userset(goal)?;
                    for node in related_to(reader, subject, *relation)? {
                        frontier.add(Goal { relation: *relation, node });
                    }
                }
            }
        }
    }
    let mut nodes: Vec<Node> = frontier.goals.iter().filter(|goal| goal.relation == target).map(|goal| goal.node).collect();
    nodes.sort_unstable();
    let mut solver = Solver::new(who);
    let mut kept = Vec::with_capacity(nodes.len());
    for node in nodes {
        let holds = !relevant.decides || solver.holds(reader, Goal { relation: target, node })?;
        if holds && !reader.is_suspended(who, node)? {
            kept.push(node);
        }
    }
    Ok(kept)
}

/// What the data say right away about a subject.
fn seed(reader: &mut Reader<'_>, who: Who, relevant: &Relevant, frontier: &mut Frontier) -> Result<()> {
    let rules = reader.rules()?;
    let gathered = reader.gathered(who)?;
    for relation in &relevant.relations {
        let rule = reader.rule(*relation)?;
        let mut roles = Vec::new();
        rule.each(&mut |part| {
            if let Rule::Roles(set) = part {
                roles.push(set);
            }
        });
        for set in roles {
            // Roles grant permissions, and nothing else.
            let Some(resource_type) = reader.permission(*relation).map(|permission| permission.resource_type) else { continue };
            let starts = starts_of(reader, who, set, resource_type)?;
            let mut walk = Walk::to(reader.rules()?, resource_type, starts);
            while let Some(step) = walk.next(reader)? {
                let id = Id::stored((&step.id).into());
                frontier.add(Goal { relation: *relation, node: reader.node(step.resource_type, id.as_ref()) });
            }
        }
        if rule.contains(|part| matches!(part, Rule::Direct)) {
            for (carrier, _) in &gathered.carriers {
                for node in related_to(reader, *carrier, *relation)? {
                    frontier.add(Goal { relation: *relation, node });
                }
            }
        }
        if let (Some(SubjectKind::Userset(own)), Some(node)) = (reader.kind(who), reader.node_of(who))
            && own == *relation
            && rules.get(own).is_some()
        {
            frontier.add(Goal { relation: own, node });
        }
    }
    Ok(())
}

/// The resources to which a relationship, or the hierarchy, gives a subject a relation.
fn related_to(reader: &mut Reader<'_>, who: Who, relation: Relation) -> Result<Vec<Node>> {
    let rules = reader.rules()?;
    let (Some(declared), Some(kind)) = (rules.get(relation), reader.kind(who)) else { return Ok(Vec::new()) };
    if relation == rules.members {
        let Some(holder) = reader.text_as_holder(who, &rules).map(str::to_owned) else { return Ok(Vec::new()) };
        let groups = reader.groups_of(&holder)?;
        return Ok(groups.iter().map(|group| reader.node(rules.group, IdRef::of(group))).collect());
    }
    if !declared.allows(kind) {
        return Ok(Vec::new());
    }
    let live = reader.related_to(who, relation)?;
    let mut nodes: Vec<Node> = live.into_iter().filter(|(_, expires_at)| reader.is_live(*expires_at)).map(|(node, _)| node).collect();
    if let (true, SubjectKind::One(_), Some(above)) = (declared.reads_hierarchy, kind, reader.node_of(who)) {
        let (of, id) = reader.described(above)?;
        for (child_type, id) in reader.children(&rules.types, of, &id)? {
            if child_type == declared.resource_type {
                let id = Id::stored((&id).into());
                nodes.push(reader.node(child_type, id.as_ref()));
            }
        }
    }
    Ok(nodes)
}

/// Which subjects are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All that are no usersets
    Any,
    /// Those of one type, its wildcard included
    Type(TypeKey),
    /// Usersets of this relation
    Usersets(Relation),
}

impl Wanted {
    fn takes(self, kind: SubjectKind) -> bool {
        match (self, kind) {
            (Wanted::Any, SubjectKind::One(_) | SubjectKind::Every(_)) => true,
            (Wanted::Type(wanted), SubjectKind::One(of) | SubjectKind::Every(of)) => wanted == of,
            (Wanted::Usersets(wanted), SubjectKind::Userset(relation)) => wanted == relation,
            _ => false,
        }
    }
}

/// After so much work it is asked whether to end.
pub(crate) const POLLED: usize = 1024;

/// Every subject that has the relation to the resource. Whoever has it only as one of everybody is answered as the wildcard.
pub(crate) fn subjects(reader: &mut Reader<'_>, goal: Goal, wanted: Wanted) -> Result<BTreeSet<String>> {
    let relevant = relevant(reader, goal.relation)?;
    let mut named = HashSet::new();
    let mut frontier = Frontier::default();
    frontier.add(goal);
    let mut steps = 0u32;
    while let Some(next) = frontier.next() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(256) {
            reader.poll_interrupt()?;
        }
        if wanted == Wanted::Usersets(next.relation) {
            named.insert(reader.userset(next)?);
        }
        let rule = reader.rule(next.relation)?;
        follow(reader, &rule, next, &mut frontier, &mut named)?;
    }
    let mut answer = BTreeSet::new();
    let everybody: HashSet<TypeKey> = (named.iter())
        .filter_map(|who| match reader.kind(*who) {
            Some(SubjectKind::Every(of)) => Some(of),
            _ => None,
        })
        .collect();
    let suspends = reader.suspends(goal.node)?;
    let mut sets = match relevant.decides {
        true => Sets::of(reader, goal, matches!(wanted, Wanted::Usersets(_)))?,
        false => None,
    };
    let mut work = 0;
    for who in named {
        // A candidate is held against all sets, or decided by a solver of its own.
        work += sets.as_ref().map_or(if relevant.decides { POLLED } else { 1 }, Sets::len);
        if work >= POLLED {
            work = 0;
            reader.poll_interrupt()?;
        }
        let Some(kind) = reader.kind(who).filter(|kind| wanted.takes(*kind)) else { continue };
        let holds = match &mut sets {
            _ if !relevant.decides => true,
            Some(sets) => in_sets(reader, sets, who, kind, &everybody)?,
            None => decide(reader, who, kind, goal, &everybody)?,
        };
        if holds && !(suspends && reader.is_suspended(who, goal.node)?) {
            answer.insert(reader.text(who).to_owned());
        }
    }
    Ok(answer)
}

/// Whether a candidate is in the set of all who have the relation, and is so otherwise than as one of everybody where everybody is.
fn in_sets(reader: &mut Reader<'_>, sets: &mut Sets, who: Who, kind: SubjectKind, everybody: &HashSet<TypeKey>) -> Result<bool> {
    let every = match kind {
        SubjectKind::One(of) => everybody.contains(&of).then(|| reader.everyone(of)).transpose()?,
        SubjectKind::Every(_) | SubjectKind::Userset(_) => None,
    };
    let found = sets.holds(Candidate { who, every });
    Ok(match every {
        Some(every) if found.is_in && !found.by_name => !sets.holds(Candidate { who: every, every: None }).is_in,
        _ => found.is_in,
    })
}

/// Whether a candidate has the relation, and has it otherwise than as one of everybody where everybody has it.
fn decide(reader: &mut Reader<'_>, who: Who, kind: SubjectKind, goal: Goal, everybody: &HashSet<TypeKey>) -> Result<bool> {
    let mut solver = Solver::new(who);
    if !solver.holds(reader, goal)? {
        return Ok(false);
    }
    let SubjectKind::One(of) = kind else { return Ok(true) };
    if !everybody.contains(&of) {
        return Ok(true);
    }
    let every = reader.everyone(of)?;
    if !Solver::new(every).holds(reader, goal)? {
        return Ok(true);
    }
    Solver::by_name(solver).holds(reader, goal)
}
