//! The subjects of a goal as sets: for lists in which many candidates meet intersections or exclusions.
//!
//! What unions, usersets and `from` lead to is one set of names, found in one walk; an intersection or an exclusion is a set of its own,
//! made of other sets. A candidate is held against all of them, each after those that it is made of. Where sets are made of each other in a
//! circle there is no such order, and each candidate is decided by the [`Solver`](super::solver::Solver).

use hashbrown::{HashMap, HashSet};

use super::facts::NamedFacts;
use super::frontier::{Frontier, follow};
use super::goal::{Goal, Who};
use super::rule::Rule;

/// Who has a relation, or satisfies a part of its rule.
#[derive(Default)]
struct Set {
    kind: Kind,
    /// All who are named
    named: HashSet<Who>,
    parts: Vec<usize>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All who are named, and all of the parts
    #[default]
    Any,
    All,
    /// The first part without the second
    ButNot,
}

/// A candidate: the subject, and the wildcard of its type where it is one subject.
#[derive(Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) who: Who,
    pub(crate) every: Option<Who>,
}

/// Whether a candidate is in a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Membership {
    pub(crate) is_in: bool,
    /// Not only as one of everybody
    pub(crate) by_name: bool,
}

/// All sets that the subjects of one goal are made of, the whole first.
#[derive(Default)]
pub(crate) struct Sets {
    sets: Vec<Set>,
    /// An order in which each comes after its parts
    order: Vec<usize>,
    found: Vec<Membership>,
}

impl Sets {
    /// The sets of a goal; `None` where some are made of each other in a circle. Where `with_usersets`, usersets are candidates too: then
    /// each that is met is in the set of its members.
    pub(crate) fn of<F: NamedFacts>(facts: &mut F, goal: Goal, with_usersets: bool) -> Result<Option<Sets>, F::Error> {
        let mut making = Making { sets: Vec::new(), of_goals: HashMap::new(), open: Vec::new(), with_usersets };
        making.of_goal(goal);
        while let Some((goal, set)) = making.open.pop() {
            making.define(facts, goal, set)?;
        }
        let Some(order) = order(&making.sets) else { return Ok(None) };
        let found = vec![Membership::default(); making.sets.len()];
        Ok(Some(Sets { sets: making.sets, order, found }))
    }

    /// How many sets a candidate is held against.
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether the candidate has the relation.
    pub(crate) fn holds(&mut self, Candidate { who, every }: Candidate) -> Membership {
        let Sets { sets, order, found } = self;
        for at in order.iter() {
            let Some(set) = sets.get(*at) else { continue };
            let mut parts = set.parts.iter().map(|part| found.get(*part).copied().unwrap_or_default());
            let membership = match set.kind {
                Kind::Any => {
                    let by_name = set.named.contains(&who);
                    let is_in = by_name || every.is_some_and(|every| set.named.contains(&every));
                    parts.fold(Membership { is_in, by_name }, |all, part| Membership {
                        is_in: all.is_in || part.is_in,
                        by_name: all.by_name || part.by_name,
                    })
                }
                // All of them hold, and one by name is enough.
                Kind::All => {
                    let all = parts.fold(Membership { is_in: true, by_name: false }, |all, part| Membership {
                        is_in: all.is_in && part.is_in,
                        by_name: all.by_name || part.by_name,
                    });
                    Membership { by_name: all.is_in && all.by_name, ..all }
                }
                Kind::ButNot => {
                    let (base, not) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                    Membership { is_in: base.is_in && !not.is_in, by_name: base.by_name && !not.is_in }
                }
            };
            if let Some(place) = found.get_mut(*at) {
                *place = membership;
            }
        }
        found.first().copied().unwrap_or_default()
    }
}

/// An order in which each set comes after its parts, if there is one.
fn order(sets: &[Set]) -> Option<Vec<usize>> {
    let mut wholes: Vec<Vec<usize>> = vec![Vec::new(); sets.len()];
    let mut waiting: Vec<usize> = sets.iter().map(|set| set.parts.len()).collect();
    for (whole, set) in sets.iter().enumerate() {
        set.parts.iter().for_each(|part| wholes.get_mut(*part).into_iter().for_each(|list| list.push(whole)));
    }
    let mut order: Vec<usize> = (0..sets.len()).filter(|at| waiting.get(*at) == Some(&0)).collect();
    let mut next = 0;
    while let Some(part) = order.get(next).copied() {
        next += 1;
        for whole in wholes.get(part).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(*whole) {
                *left -= 1;
                if *left == 0 {
                    order.push(*whole);
                }
            }
        }
    }
    (order.len() == sets.len()).then_some(order)
}

struct Making {
    sets: Vec<Set>,
    of_goals: HashMap<Goal, usize>,
    /// Goals whose sets are named, and not said yet
    open: Vec<(Goal, usize)>,
    with_usersets: bool,
}

impl Making {
    fn add(&mut self, set: Set) -> usize {
        self.sets.push(set);
        self.sets.len() - 1
    }

    /// The set of a goal, which is said later if it is new.
    fn of_goal(&mut self, goal: Goal) -> usize {
        if let Some(set) = self.of_goals.get(&goal) {
            return *set;
        }
        let set = self.add(Set::default());
        self.of_goals.insert(goal, set);
        self.open.push((goal, set));
        set
    }

    fn define<F: NamedFacts>(&mut self, facts: &mut F, goal: Goal, set: usize) -> Result<(), F::Error> {
        let rule = facts.rule(goal.relation)?;
        let mut made = match &*rule {
            Rule::All(_) | Rule::ButNot(_) => {
                let part = self.part(facts, &rule, goal)?;
                Set { parts: vec![part], ..Set::default() }
            }
            // What leads back to the goal itself adds nobody.
            union => self.union(facts, union, goal, Some(goal))?,
        };
        if self.with_usersets {
            // The userset that the goal describes has its own relation, whatever the rule says.
            made.named.insert(facts.userset(goal)?);
        }
        if let Some(place) = self.sets.get_mut(set) {
            *place = made;
        }
        Ok(())
    }

    /// Who satisfies a part of the rule of a goal.
    fn part<F: NamedFacts>(&mut self, facts: &mut F, rule: &Rule, goal: Goal) -> Result<usize, F::Error> {
        let (kind, rules) = match rule {
            Rule::All(rules) => (Kind::All, &rules[..]),
            Rule::ButNot(rules) => (Kind::ButNot, &rules[..]),
            union => {
                let set = self.union(facts, union, goal, None)?;
                return Ok(self.add(set));
            }
        };
        let mut parts = Vec::with_capacity(rules.len());
        for rule in rules {
            parts.push(self.part(facts, rule, goal)?);
        }
        Ok(self.add(Set { kind, parts, ..Set::default() }))
    }

    /// Everybody whom unions, usersets and `from` lead to, from one part of a rule on.
    fn union<F: NamedFacts>(&mut self, facts: &mut F, rule: &Rule, goal: Goal, whole: Option<Goal>) -> Result<Set, F::Error> {
        let mut set = Set::default();
        let mut frontier = Frontier::default();
        whole.into_iter().for_each(|goal| frontier.meet(goal));
        self.branch(facts, rule, goal, &mut frontier, &mut set)?;
        let mut steps = 0u32;
        while let Some(next) = frontier.next() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(256) {
                facts.poll_interrupt()?;
            }
            let rule = facts.rule(next.relation)?;
            if rule.decides() {
                set.parts.push(self.of_goal(next));
                continue;
            }
            if self.with_usersets {
                set.named.insert(facts.userset(next)?);
            }
            follow(facts, &rule, next, &mut frontier, &mut set.named)?;
        }
        Ok(set)
    }

    /// One branch of a union: whom it names and what it leads to; an intersection or exclusion in it is a set of its own.
    fn branch<F: NamedFacts>(
        &mut self,
        facts: &mut F,
        rule: &Rule,
        goal: Goal,
        frontier: &mut Frontier,
        set: &mut Set,
    ) -> Result<(), F::Error> {
        match rule {
            Rule::Any(rules) => rules.iter().try_for_each(|rule| self.branch(facts, rule, goal, frontier, set)),
            Rule::All(_) | Rule::ButNot(_) => {
                let part = self.part(facts, rule, goal)?;
                set.parts.push(part);
                Ok(())
            }
            leaf => follow(facts, leaf, goal, frontier, &mut set.named),
        }
    }
}
