//! Who and what may come into question: the sides of a decision that are not given.
//!
//! A list is asked backwards: from the subject to all resources, or from the resource to all subjects. Both walks follow every relationship
//! that could matter, as if intersections were unions and exclusions excluded nobody. Where the rules on the way contain neither, that is
//! the answer; where they do, each candidate is decided by itself, by the same solver as any check. So a list says what checks say.

use std::collections::{BTreeSet, VecDeque};

use hashbrown::{HashMap, HashSet};

use crate::access::sets::Sets;
use crate::access::tree::Walk;
use crate::base::identifier::Id;
use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Node, Relation, TypeKey, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::Rule;
use crate::decide::set::{Candidate, Set};
use crate::decide::solver::Solver;
use crate::facts::reader::{Reader, assignment_is_live};
use crate::model::compiled::Kind;
use crate::sqlite::error::Result;

/// The relations that a relation rests on, itself included.
struct Relevant {
    relations: BTreeSet<Relation>,
    /// Whether one of them intersects or excludes
    decides: bool,
}

fn relevant(reader: &mut Reader<'_>, target: Relation) -> Result<Relevant> {
    let rules = reader.rules()?;
    let mut relations = BTreeSet::from([target]);
    let mut decides = false;
    let mut open = vec![target];
    while let Some(next) = open.pop() {
        let rule = reader.rule(next)?;
        decides |= rule.decides();
        let mut mentioned = Vec::new();
        rule.each(&mut |part| match part {
            Rule::Computed(relation) => mentioned.push(*relation),
            Rule::From { relations, .. } => mentioned.extend(relations.iter().map(|(_, relation)| *relation)),
            // Roles are given to groups too.
            Rule::Roles(_) => mentioned.push(rules.members),
            Rule::Direct | Rule::Any(_) | Rule::All(_) | Rule::ButNot(_) => {}
        });
        if let Some(declared) = rules.get(next) {
            mentioned.extend(declared.kinds.iter().flatten().filter_map(|kind| match kind {
                Kind::Userset(relation) => Some(*relation),
                Kind::One(_) | Kind::Every(_) => None,
            }));
        }
        open.extend(mentioned.into_iter().filter(|relation| relations.insert(*relation)));
    }
    Ok(Relevant { relations, decides })
}

/// Where a rule looks for another relation.
#[derive(Clone, Copy)]
enum Way {
    /// On the same resource
    Computed,
    /// On what stands in this relation to the resource
    From(Relation),
    /// Among the subjects of its own relationships
    Userset,
}

/// For each relation, which relations it may lead on to, and how.
fn ways_on(reader: &mut Reader<'_>, relevant: &Relevant) -> Result<HashMap<Relation, Vec<(Relation, Way)>>> {
    let rules = reader.rules()?;
    let mut ways: HashMap<Relation, Vec<(Relation, Way)>> = HashMap::new();
    for relation in &relevant.relations {
        let rule = reader.rule(*relation)?;
        rule.each(&mut |part| match part {
            Rule::Computed(on) => ways.entry(*on).or_default().push((*relation, Way::Computed)),
            Rule::From { through, relations } => {
                for (_, there) in relations.iter() {
                    ways.entry(*there).or_default().push((*relation, Way::From(*through)));
                }
            }
            Rule::Roles(_) | Rule::Direct | Rule::Any(_) | Rule::All(_) | Rule::ButNot(_) => {}
        });
        if let Some(declared) = rules.get(*relation) {
            for kind in declared.kinds.iter().flatten() {
                if let Kind::Userset(member) = kind {
                    ways.entry(*member).or_default().push((*relation, Way::Userset));
                }
            }
        }
    }
    ways.entry(rules.members).or_default().push((rules.members, Way::Userset));
    Ok(ways)
}

/// Every resource to which the subject has the relation, registered or known from a relationship, in no order.
pub(crate) fn resources(reader: &mut Reader<'_>, who: Who, target: Relation) -> Result<Vec<Node>> {
    let relevant = relevant(reader, target)?;
    let ways = ways_on(reader, &relevant)?;
    let mut found = Found::default();
    seed(reader, who, &relevant, &mut found)?;
    let mut steps = 0u32;
    while let Some(goal) = found.next() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(256) {
            reader.poll_interrupt()?;
        }
        for (relation, way) in ways.get(&goal.relation).into_iter().flatten() {
            match way {
                Way::Computed => found.add(Goal { relation: *relation, node: goal.node }),
                Way::From(through) => {
                    let subject = reader.who_is(goal.node)?;
                    for node in related_to(reader, subject, *through)? {
                        found.add(Goal { relation: *relation, node });
                    }
                }
                Way::Userset => {
                    let subject = reader.userset(goal)?;
                    for node in related_to(reader, subject, *relation)? {
                        found.add(Goal { relation: *relation, node });
                    }
                }
            }
        }
    }
    let mut nodes: Vec<Node> = found.goals.iter().filter(|goal| goal.relation == target).map(|goal| goal.node).collect();
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

/// Goals met on a walk, each once.
#[derive(Default)]
pub(crate) struct Found {
    goals: HashSet<Goal>,
    open: VecDeque<Goal>,
}

impl Found {
    fn add(&mut self, goal: Goal) {
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

/// What the data say right away about a subject.
fn seed(reader: &mut Reader<'_>, who: Who, relevant: &Relevant, found: &mut Found) -> Result<()> {
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
            let starts = reader.starts(who, set, resource_type)?;
            let mut walk = Walk::to(reader.rules()?, resource_type, starts);
            while let Some(step) = walk.next(reader)? {
                let id = Id::stored((&step.id).into());
                found.add(Goal { relation: *relation, node: reader.node(step.resource_type, id.as_ref()) });
            }
        }
        if rule.contains(|part| matches!(part, Rule::Direct)) {
            for (carrier, _) in &gathered.carriers {
                for node in related_to(reader, *carrier, *relation)? {
                    found.add(Goal { relation: *relation, node });
                }
            }
        }
        if let (Some(Kind::Userset(own)), Some(node)) = (reader.kind(who), reader.node_of(who))
            && own == *relation
            && rules.get(own).is_some()
        {
            found.add(Goal { relation: own, node });
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
        let groups = reader.strings(include_str!("../../sql/facts/gather/groups_of.sql"), &[&holder])?;
        return Ok(groups.iter().map(|group| reader.node(rules.group, crate::base::identifier::IdRef::of(group))).collect());
    }
    if !declared.allows(kind) {
        return Ok(Vec::new());
    }
    let live = reader.related_to(who, relation)?;
    let mut nodes: Vec<Node> = live.into_iter().filter(|(_, expires_at)| reader.is_live(*expires_at)).map(|(node, _)| node).collect();
    if let (true, Kind::One(_), Some(above)) = (declared.reads_hierarchy, kind, reader.node_of(who)) {
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
    fn takes(self, kind: Kind) -> bool {
        match (self, kind) {
            (Wanted::Any, Kind::One(_) | Kind::Every(_)) => true,
            (Wanted::Type(wanted), Kind::One(of) | Kind::Every(of)) => wanted == of,
            (Wanted::Usersets(wanted), Kind::Userset(relation)) => wanted == relation,
            _ => false,
        }
    }
}

/// Every subject that has the relation to the resource. Whoever has it only as one of everybody is answered as the wildcard.
pub(crate) fn subjects(reader: &mut Reader<'_>, goal: Goal, wanted: Wanted) -> Result<BTreeSet<String>> {
    let relevant = relevant(reader, goal.relation)?;
    let mut named = HashSet::new();
    let mut found = Found::default();
    found.add(goal);
    let mut steps = 0u32;
    while let Some(next) = found.next() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(256) {
            reader.poll_interrupt()?;
        }
        if wanted == Wanted::Usersets(next.relation) {
            named.insert(reader.userset(next)?);
        }
        let rule = reader.rule(next.relation)?;
        follow(reader, &rule, next, &mut found, &mut named)?;
    }
    let mut answer = BTreeSet::new();
    let everybody: HashSet<TypeKey> = (named.iter())
        .filter_map(|who| match reader.kind(*who) {
            Some(Kind::Every(of)) => Some(of),
            _ => None,
        })
        .collect();
    let suspends = suspends(reader, goal.node)?;
    let set = match relevant.decides {
        true => Sets::new(matches!(wanted, Wanted::Usersets(_))).of(reader, goal)?,
        false => None,
    };
    for who in named {
        let Some(kind) = reader.kind(who).filter(|kind| wanted.takes(*kind)) else { continue };
        let by_set = match &set {
            Some(set) => in_set(reader, set, who, kind, &everybody)?,
            None => None,
        };
        let holds = match (relevant.decides, by_set) {
            (false, _) => true,
            (true, Some(holds)) => holds,
            (true, None) => decide(reader, who, kind, goal, &everybody)?,
        };
        if holds && !(suspends && reader.is_suspended(who, goal.node)?) {
            answer.insert(reader.text(who).to_owned());
        }
    }
    Ok(answer)
}

/// Whether a candidate is in a set, and is so otherwise than as one of everybody where everybody is; `None` where that takes too long to say.
fn in_set(reader: &mut Reader<'_>, set: &Set, who: Who, kind: Kind, everybody: &HashSet<TypeKey>) -> Result<Option<bool>> {
    let every = match kind {
        Kind::One(of) => everybody.contains(&of).then(|| reader.everyone(of)).transpose()?,
        Kind::Every(_) | Kind::Userset(_) => None,
    };
    let everybody_is_in = match every {
        Some(every) => set.contains(Candidate { who: every, every: None }, false),
        None => Some(false),
    };
    Ok(everybody_is_in.and_then(|everybody_is_in| match set.contains(Candidate { who, every }, false) {
        Some(true) if everybody_is_in => set.contains(Candidate { who, every }, true),
        other => other,
    }))
}

/// Whether anybody is suspended where a resource lies.
fn suspends(reader: &mut Reader<'_>, node: Node) -> Result<bool> {
    let Some(organization) = reader.organization_of(node)? else { return Ok(false) };
    let (_, id) = reader.described(organization)?;
    reader.engine.with(include_str!("../../sql/facts/suspension/suspends.sql"), |statement| Ok(statement.exists([id])?))
}

/// Whether a candidate has the relation, and has it otherwise than as one of everybody where everybody has it.
fn decide(reader: &mut Reader<'_>, who: Who, kind: Kind, goal: Goal, everybody: &HashSet<TypeKey>) -> Result<bool> {
    let mut solver = Solver::new(who);
    if !solver.holds(reader, goal)? {
        return Ok(false);
    }
    let Kind::One(of) = kind else { return Ok(true) };
    if !everybody.contains(&of) {
        return Ok(true);
    }
    let every = reader.everyone(of)?;
    if !Solver::new(every).holds(reader, goal)? {
        return Ok(true);
    }
    Solver::by_name(solver).holds(reader, goal)
}

/// The subjects that a rule names, and the goals that it leads to.
pub(crate) fn follow(reader: &mut Reader<'_>, rule: &Rule, goal: Goal, found: &mut Found, named: &mut HashSet<Who>) -> Result<()> {
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
                        if let (Some(Kind::One(of)), Some(node)) = (reader.kind(who), reader.node_of(who))
                            && of == rules.group
                        {
                            found.add(Goal { relation: rules.members, node });
                        }
                    }
                }
            }
        }
        Rule::Direct => {
            for (who, expires_at) in reader.relationships(goal, usize::MAX)?.unwrap_or_default() {
                if reader.is_live(expires_at) {
                    named.insert(who);
                    if let (Some(Kind::Userset(relation)), Some(node)) = (reader.kind(who), reader.node_of(who)) {
                        found.add(Goal { relation, node });
                    }
                }
            }
        }
        Rule::Computed(relation) => found.add(Goal { relation: *relation, node: goal.node }),
        Rule::From { through, relations } => {
            for (of, node) in reader.through(Goal { relation: *through, node: goal.node })? {
                for (_, relation) in relations.iter().filter(|(key, _)| *key == of) {
                    found.add(Goal { relation: *relation, node });
                }
            }
        }
        Rule::Any(rules) | Rule::All(rules) => {
            for rule in rules {
                follow(reader, rule, goal, found, named)?;
            }
        }
        Rule::ButNot(rules) => {
            for rule in &**rules {
                follow(reader, rule, goal, found, named)?;
            }
        }
    }
    Ok(())
}
