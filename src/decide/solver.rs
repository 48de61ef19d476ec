//! Rules that lead to other rules: usersets, `from`, unions, intersections, exclusions, and cycles of all of them.
//!
//! A goal (a relation to a resource) turns into a [`Formula`] over other goals. The solver goes down to them depth first, on a stack of
//! its own, so that no depth overflows; it stops as soon as the formula is decided. Goals that lead back to themselves wait until
//! everything else about them is known, and are then settled together (Tarjan's strongly connected components).
//!
//! **Cycles.** Settling gives the well-founded meaning: a cycle proves nothing by itself, so what only a cycle supports is a no; and what
//! an exclusion within a cycle leaves open (*has it who has it not*) is [`Truth::Undecided`], which gives no access. Undecided goes
//! through `and`, `or` and `but not` as a value of its own, so that a double negation does not turn it into a yes.

use hashbrown::HashMap;

use super::cycle::Cycle;
use super::facts::{Facts, Found};
use super::formula::{Formula, Parts, Truth};
use super::goal::{Goal, Who};
use super::roles::Ancestors;
use super::rule::Rule;

/// What became of a formula.
enum Step {
    Known(Truth),
    /// This goal has to be looked at first
    Visit(u32),
    /// All that is left waits for cycles
    Waits,
}

enum State {
    New,
    /// On the stack, at this place in the order of visits
    Open(u32),
    /// Visited at this place; left over for the cycle to be closed
    Waiting(u32, Formula),
    Done(Truth),
}

struct Frame {
    number: u32,
    formula: Formula,
    /// The place of this goal in the order of visits, and the least that a cycle from here leads back to
    place: u32,
    least: u32,
    /// How many goals were waiting when this one was begun
    waiting_before: usize,
}

/// Decides goals for one subject over one state of the data, and remembers what it has decided.
pub(crate) struct Solver {
    who: Who,
    numbers: HashMap<Goal, u32>,
    goals: Vec<Goal>,
    states: Vec<State>,
    /// Goals left over for a cycle to be closed, in the order in which they were left
    waiting: Vec<u32>,
    visits: u32,
    /// Where only what names the subject counts: who decides everything else
    all: Option<Box<Solver>>,
}

impl Solver {
    pub(crate) fn new(who: Who) -> Solver {
        Solver { who, numbers: HashMap::new(), goals: Vec::new(), states: Vec::new(), waiting: Vec::new(), visits: 0, all: None }
    }

    /// A solver that asks whether a subject has a relation otherwise than as one of everybody: some relationship on the way to the yes
    /// that `all` gives names it, or a userset that contains it by name.
    pub(crate) fn by_name(all: Solver) -> Solver {
        Solver { who: all.who, all: Some(Box::new(all)), ..Solver::new(Who(u32::MAX)) }
    }

    /// Whether the subject has the relation to the resource.
    pub(crate) fn holds<F: Facts>(&mut self, facts: &mut F, goal: Goal) -> Result<bool, F::Error> {
        Ok(self.truth(facts, goal)? == Truth::Yes)
    }

    /// What is known about a goal once everything has been looked at that could decide it.
    pub(crate) fn truth<F: Facts>(&mut self, facts: &mut F, goal: Goal) -> Result<Truth, F::Error> {
        let root = self.number(goal);
        if let Some(State::Done(truth)) = self.states.get(root as usize) {
            return Ok(*truth);
        }
        let mut frames = Vec::new();
        self.begin(facts, &mut frames, root)?;
        while let Some(frame) = frames.last_mut() {
            let truth = match self.advance(&mut frame.formula, &mut frame.least) {
                Step::Visit(number) => {
                    self.begin(facts, &mut frames, number)?;
                    continue;
                }
                Step::Known(truth) => Some(truth),
                Step::Waits => None,
            };
            let Some(frame) = frames.pop() else { break };
            match truth {
                Some(truth) => self.set(frame.number, State::Done(truth)),
                None => {
                    self.set(frame.number, State::Waiting(frame.place, frame.formula));
                    self.waiting.push(frame.number);
                }
            }
            if frame.least >= frame.place {
                self.settle(facts, frame.waiting_before)?;
            } else if let Some(parent) = frames.last_mut() {
                parent.least = parent.least.min(frame.least);
            }
        }
        Ok(match self.states.get(root as usize) {
            Some(State::Done(truth)) => *truth,
            _ => Truth::No,
        })
    }

    /// What is known about a part of the rule of a goal.
    pub(crate) fn part<F: Facts>(&mut self, facts: &mut F, rule: &Rule, goal: Goal) -> Result<Truth, F::Error> {
        let mut formula = self.formula(facts, rule, goal)?;
        let mut least = u32::MAX;
        loop {
            // No goal is being visited, so there is nothing to wait for.
            match self.advance(&mut formula, &mut least) {
                Step::Known(truth) => return Ok(truth),
                Step::Visit(number) => {
                    let Some(goal) = self.goals.get(number as usize).copied() else { return Ok(Truth::No) };
                    self.truth(facts, goal)?;
                }
                Step::Waits => return Ok(Truth::Undecided),
            }
        }
    }

    #[inline]
    fn number(&mut self, goal: Goal) -> u32 {
        *self.numbers.entry(goal).or_insert_with(|| {
            let number = u32::try_from(self.goals.len()).unwrap_or(u32::MAX);
            self.goals.push(goal);
            self.states.push(State::New);
            number
        })
    }

    #[inline]
    fn set(&mut self, number: u32, state: State) {
        if let Some(place) = self.states.get_mut(number as usize) {
            *place = state;
        }
    }

    fn begin<F: Facts>(&mut self, facts: &mut F, frames: &mut Vec<Frame>, number: u32) -> Result<(), F::Error> {
        let Some(goal) = self.goals.get(number as usize).copied() else { return Ok(()) };
        let place = self.visits;
        self.visits += 1;
        if place % 256 == 255 {
            facts.poll_interrupt()?;
        }
        let is_denied = match &mut self.all {
            Some(all) => !all.holds(facts, goal)?,
            None => false,
        };
        let formula = if is_denied {
            Formula::Known(Truth::No)
        } else if facts.is_userset(self.who, goal)? {
            Formula::Known(Truth::Yes)
        } else {
            let rule = facts.rule(goal.relation)?;
            self.formula(facts, &rule, goal)?
        };
        self.set(number, State::Open(place));
        frames.push(Frame { number, formula, place, least: place, waiting_before: self.waiting.len() });
        Ok(())
    }

    /// A rule with all that the data say about it filled in.
    #[inline]
    fn formula<F: Facts>(&mut self, facts: &mut F, rule: &Rule, goal: Goal) -> Result<Formula, F::Error> {
        Ok(match rule {
            Rule::Direct => {
                let found = facts.related(self.who, goal, self.all.is_some())?;
                self.found(found)
            }
            Rule::Roles(roles) => {
                let mut goals = Vec::new();
                let mut up = Ancestors::from(goal.node);
                while let Some(here) = up.next(facts)? {
                    match facts.holds_role(self.who, roles, here)? {
                        Found::Yes => return Ok(Formula::Known(Truth::Yes)),
                        Found::No => {}
                        Found::If(some) => goals.extend(some),
                    }
                }
                self.found(Found::If(goals))
            }
            Rule::Computed(relation) => Formula::Goal(self.number(Goal { relation: *relation, node: goal.node })),
            Rule::From { through, relations } => {
                let mut goals = Vec::new();
                for (resource_type, node) in facts.through(Goal { relation: *through, node: goal.node })? {
                    let there = relations.iter().filter(|(of, _)| *of == resource_type);
                    goals.extend(there.map(|(_, relation)| Goal { relation: *relation, node }));
                }
                self.found(Found::If(goals))
            }
            // All of them hold, and one by name is enough.
            Rule::All(rules) if self.all.is_some() => self.any(facts, rules, goal)?,
            Rule::ButNot(rules) if self.all.is_some() => {
                let [base, _] = &**rules;
                self.formula(facts, base, goal)?
            }
            Rule::Any(rules) => self.any(facts, rules, goal)?,
            Rule::All(rules) => {
                let mut parts = Parts::default();
                for rule in rules.iter() {
                    match self.formula(facts, rule, goal)? {
                        Formula::Known(Truth::No) => return Ok(Formula::Known(Truth::No)),
                        Formula::Known(Truth::Yes) => {}
                        other => parts.open.push(other),
                    }
                }
                parts.open.reverse();
                Formula::All(parts)
            }
            Rule::ButNot(rules) => {
                let [base, not] = &**rules;
                match self.formula(facts, base, goal)? {
                    Formula::Known(Truth::No) => Formula::Known(Truth::No),
                    base => Formula::ButNot(Box::new([base, self.formula(facts, not, goal)?])),
                }
            }
        })
    }

    #[inline]
    fn any<F: Facts>(&mut self, facts: &mut F, rules: &[Rule], goal: Goal) -> Result<Formula, F::Error> {
        let mut parts = Parts::default();
        // What one look-up decides comes before what has to be followed.
        let is_near = |rule: &&Rule| matches!(rule, Rule::Direct | Rule::Roles(_));
        for rule in rules.iter().filter(is_near).chain(rules.iter().filter(|rule| !is_near(rule))) {
            match self.formula(facts, rule, goal)? {
                Formula::Known(Truth::Yes) => return Ok(Formula::Known(Truth::Yes)),
                Formula::Known(Truth::No) => {}
                other => parts.open.push(other),
            }
        }
        parts.open.reverse();
        Ok(Formula::Any(parts))
    }

    #[inline]
    fn found(&mut self, found: Found) -> Formula {
        match found {
            Found::Yes => Formula::Known(Truth::Yes),
            Found::No => Formula::Known(Truth::No),
            Found::If(goals) if goals.is_empty() => Formula::Known(Truth::No),
            Found::If(goals) => {
                let open = goals.into_iter().map(|goal| Formula::Goal(self.number(goal))).collect();
                Formula::Any(Parts { open, ..Parts::default() })
            }
        }
    }

    /// Drops what has been decided from a formula, and says what to do next. `least` goes down to where its cycles lead back to.
    fn advance(&self, formula: &mut Formula, least: &mut u32) -> Step {
        let step = self.look(formula, least);
        if let Step::Known(truth) = step {
            *formula = Formula::Known(truth);
        }
        step
    }

    #[inline]
    fn look(&self, formula: &mut Formula, least: &mut u32) -> Step {
        match formula {
            Formula::Known(truth) => Step::Known(*truth),
            Formula::Goal(number) => match self.states.get(*number as usize) {
                None | Some(State::New) => Step::Visit(*number),
                Some(State::Done(truth)) => Step::Known(*truth),
                Some(State::Open(place) | State::Waiting(place, _)) => {
                    *least = (*least).min(*place);
                    Step::Waits
                }
            },
            Formula::Any(parts) => self.advance_parts(parts, Truth::Yes, least),
            Formula::All(parts) => self.advance_parts(parts, Truth::No, least),
            Formula::ButNot(both) => {
                let [base, not] = &mut **both;
                let base_step = self.advance(base, least);
                if let Step::Visit(_) | Step::Known(Truth::No) = base_step {
                    return base_step;
                }
                match (base_step, self.advance(not, least)) {
                    (_, Step::Visit(number)) => Step::Visit(number),
                    (_, Step::Known(Truth::Yes)) => Step::Known(Truth::No),
                    (Step::Known(base), Step::Known(not)) => Step::Known(base.min(not.negated())),
                    _ => Step::Waits,
                }
            }
        }
    }

    /// The parts of a union (`decisive` is yes) or of an intersection (no).
    #[inline]
    fn advance_parts(&self, parts: &mut Parts, decisive: Truth, least: &mut u32) -> Step {
        while let Some(mut part) = parts.open.pop() {
            match self.advance(&mut part, least) {
                Step::Known(truth) if truth == decisive => return Step::Known(decisive),
                Step::Known(truth) => parts.undecided |= truth == Truth::Undecided,
                Step::Visit(number) => {
                    parts.open.push(part);
                    return Step::Visit(number);
                }
                // Whatever it waits for stays open as long as this formula is: there is no need to look again.
                Step::Waits => parts.waiting.push(part),
            }
        }
        match (parts.waiting.is_empty(), parts.undecided) {
            (false, _) => Step::Waits,
            (true, true) => Step::Known(Truth::Undecided),
            (true, false) => Step::Known(decisive.negated()),
        }
    }

    /// Decides the goals that wait for each other, from the one at `from` on: nothing else is left that could.
    fn settle<F: Facts>(&mut self, facts: &mut F, from: usize) -> Result<(), F::Error> {
        let members = self.waiting.split_off(from.min(self.waiting.len()));
        if members.is_empty() {
            return Ok(());
        }
        let mut cycle = Cycle::default();
        let place: HashMap<u32, usize> = members.iter().enumerate().map(|(place, number)| (*number, place)).collect();
        for number in &members {
            let state = self.states.get_mut(*number as usize).map(|state| std::mem::replace(state, State::New));
            let formula = match state {
                Some(State::Waiting(_, formula)) => formula,
                _ => Formula::Known(Truth::No),
            };
            cycle.formulas.push(formula);
        }
        let decided = |number: u32| match place.get(&number) {
            Some(place) => Err(*place),
            None => Ok(match self.states.get(number as usize) {
                Some(State::Done(truth)) => *truth,
                _ => Truth::Undecided,
            }),
        };
        let truths = cycle.well_founded(&decided, &mut || facts.poll_interrupt())?;
        for (number, truth) in members.into_iter().zip(truths) {
            self.set(number, State::Done(truth));
        }
        Ok(())
    }
}
