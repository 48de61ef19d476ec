//! Goals that wait for each other, settled together.
//!
//! Settling gives the well-founded meaning: a cycle proves nothing by itself, so what only a cycle supports is a no; and what an exclusion
//! within a cycle leaves open (*has it who has it not*) is [`Truth::Undecided`].
//!
//! The formulas become gates: unions, intersections, and the negation of a goal, to which exclusions are brought down. What a gate decides
//! is passed on to the gates that it feeds. Where that comes to rest, every gate that is still open rests on a *source*: the input that
//! founds it without leading back to itself, if what is negated turns out to be so. A gate that has lost its source looks for another; the
//! gates that find none support only each other, so all of them are a no, and that is passed on again. Only what has lost its source is
//! looked at anew, so that the work grows with the size of the cycle, and hardly with the number of rounds.

use super::formula::{Formula, Parts, Truth};

/// Goals that wait for each other.
#[derive(Default)]
pub(super) struct Cycle {
    pub(super) formulas: Vec<Formula>,
}

/// What stands at a goal of a cycle: its truth, or its place among those that wait.
pub(super) type Decided<'a> = &'a dyn Fn(u32) -> std::result::Result<Truth, usize>;

/// After so many steps it is asked whether to go on.
const STEPS: u32 = 4096;

impl Cycle {
    /// What each of the goals comes to. `poll` ends the work early.
    pub(super) fn well_founded<E>(&self, decided: Decided<'_>, poll: &mut dyn FnMut() -> Result<(), E>) -> Result<Vec<Truth>, E> {
        let mut circuit = Circuit::of(&self.formulas, decided);
        circuit.settle(poll)?;
        let truths = circuit.gates.iter().take(self.formulas.len()).map(|gate| match gate.is_so {
            Some(is_so) => is_so.into(),
            None => Truth::Undecided,
        });
        Ok(truths.collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// So if one input is
    Any,
    /// So if all inputs are
    All,
    /// So if its only input is not
    Not,
    /// Decided elsewhere, or undecided for good
    Given,
}

struct Gate {
    kind: Kind,
    inputs: Vec<u32>,
    feeds: Vec<u32>,
    /// Inputs that have yet to be decided, before the gate is decided by all of them together
    open: usize,
    is_so: Option<bool>,
    /// Whether it may be so without leading back to itself
    founded: bool,
    /// Of a union: the input that founds it. Of an intersection: how many inputs are not founded
    source: u32,
    missing: usize,
}

/// The formulas as gates. The first are the goals themselves, in their order.
struct Circuit {
    gates: Vec<Gate>,
    /// The negation of each goal, once it is needed
    negations: Vec<Option<u32>>,
    /// Decided, and not passed on yet
    news: Vec<u32>,
    /// Open, and without a source
    suspects: Vec<u32>,
    steps: u32,
}

impl Circuit {
    fn of(formulas: &[Formula], decided: Decided<'_>) -> Circuit {
        let mut circuit =
            Circuit { gates: Vec::new(), negations: vec![None; formulas.len()], news: Vec::new(), suspects: Vec::new(), steps: 0 };
        for _ in formulas {
            circuit.gate(Kind::Any);
        }
        for (place, formula) in (0u32..).zip(formulas) {
            let input = circuit.add(formula, true, decided);
            circuit.connect(input, place);
        }
        circuit
    }

    fn gate(&mut self, kind: Kind) -> u32 {
        let number = u32::try_from(self.gates.len()).unwrap_or(u32::MAX);
        self.gates.push(Gate {
            kind,
            inputs: Vec::new(),
            feeds: Vec::new(),
            open: 0,
            is_so: None,
            founded: matches!(kind, Kind::Not | Kind::Given),
            source: u32::MAX,
            missing: 0,
        });
        number
    }

    fn connect(&mut self, input: u32, to: u32) {
        if let Some(gate) = self.gates.get_mut(to as usize) {
            gate.inputs.push(input);
            gate.open += 1;
        }
        if let Some(gate) = self.gates.get_mut(input as usize) {
            gate.feeds.push(to);
        }
    }

    fn given(&mut self, truth: Truth) -> u32 {
        let gate = self.gate(Kind::Given);
        match truth {
            Truth::Yes => self.decide(gate, true),
            Truth::No => self.decide(gate, false),
            Truth::Undecided => {}
        }
        gate
    }

    /// The gate of a formula, or of its negation where not `positive`.
    fn add(&mut self, formula: &Formula, positive: bool, decided: Decided<'_>) -> u32 {
        let signed = |truth: Truth| if positive { truth } else { truth.negated() };
        match formula {
            Formula::Known(truth) => self.given(signed(*truth)),
            Formula::Goal(number) => match decided(*number) {
                Ok(truth) => self.given(signed(truth)),
                Err(place) if positive => u32::try_from(place).unwrap_or(u32::MAX),
                Err(place) => self.negation(place),
            },
            Formula::Any(parts) => self.add_parts(parts, if positive { Kind::Any } else { Kind::All }, positive, decided),
            Formula::All(parts) => self.add_parts(parts, if positive { Kind::All } else { Kind::Any }, positive, decided),
            Formula::ButNot(both) => {
                let [base, not] = &**both;
                let gate = self.gate(if positive { Kind::All } else { Kind::Any });
                let inputs = [self.add(base, positive, decided), self.add(not, !positive, decided)];
                inputs.into_iter().for_each(|input| self.connect(input, gate));
                gate
            }
        }
    }

    fn add_parts(&mut self, parts: &Parts, kind: Kind, positive: bool, decided: Decided<'_>) -> u32 {
        let gate = self.gate(kind);
        for part in parts.open.iter().chain(&parts.waiting) {
            let input = self.add(part, positive, decided);
            self.connect(input, gate);
        }
        if parts.undecided {
            let input = self.given(Truth::Undecided);
            self.connect(input, gate);
        }
        if self.gates.get(gate as usize).is_some_and(|gate| gate.inputs.is_empty()) {
            self.decide(gate, kind == Kind::All);
        }
        gate
    }

    fn negation(&mut self, place: usize) -> u32 {
        if let Some(Some(gate)) = self.negations.get(place) {
            return *gate;
        }
        let gate = self.gate(Kind::Not);
        self.connect(u32::try_from(place).unwrap_or(u32::MAX), gate);
        if let Some(negation) = self.negations.get_mut(place) {
            *negation = Some(gate);
        }
        gate
    }

    fn decide(&mut self, gate: u32, is_so: bool) {
        if let Some(one) = self.gates.get_mut(gate as usize).filter(|one| one.is_so.is_none()) {
            one.is_so = Some(is_so);
            self.news.push(gate);
        }
    }

    fn settle<E>(&mut self, poll: &mut dyn FnMut() -> Result<(), E>) -> Result<(), E> {
        self.pass_on(poll)?;
        // At first nothing has a source.
        for number in 0..u32::try_from(self.gates.len()).unwrap_or(u32::MAX) {
            let Some(gate) = self.gates.get(number as usize).filter(|gate| gate.is_so.is_none() && !gate.founded) else { continue };
            let missing = gate.inputs.iter().filter(|input| !self.is_founded(**input)).count();
            if let Some(gate) = self.gates.get_mut(number as usize) {
                gate.missing = missing;
            }
            self.suspects.push(number);
        }
        loop {
            let suspects = self.found(poll)?;
            for gate in suspects {
                if self.gates.get(gate as usize).is_some_and(|gate| !gate.founded) {
                    self.decide(gate, false);
                }
            }
            if self.news.is_empty() {
                return Ok(());
            }
            self.pass_on(poll)?;
            self.doubt(poll)?;
        }
    }

    fn step<E>(&mut self, poll: &mut dyn FnMut() -> Result<(), E>) -> Result<(), E> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS) { poll() } else { Ok(()) }
    }

    /// Tells the gates that each decided gate feeds, until nothing new comes of it. Those that lose their source become suspects.
    fn pass_on<E>(&mut self, poll: &mut dyn FnMut() -> Result<(), E>) -> Result<(), E> {
        while let Some(from) = self.news.pop() {
            let Some(gate) = self.gates.get_mut(from as usize) else { continue };
            let Some(is_so) = gate.is_so else { continue };
            // A decided gate has nothing more to tell.
            let feeds = std::mem::take(&mut gate.feeds);
            for to in feeds {
                self.step(poll)?;
                let Some(gate) = self.gates.get_mut(to as usize).filter(|gate| gate.is_so.is_none()) else { continue };
                gate.open = gate.open.saturating_sub(1);
                let decided = match (gate.kind, is_so) {
                    (Kind::Not, _) => Some(!is_so),
                    (Kind::Any, true) => Some(true),
                    (Kind::All, false) => Some(false),
                    (Kind::Any | Kind::All, _) => (gate.open == 0).then_some(is_so),
                    (Kind::Given, _) => None,
                };
                match decided {
                    Some(is_so) => self.decide(to, is_so),
                    None if !is_so && gate.founded && gate.source == from => self.suspects.push(to),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// Whoever rests on a suspect is one.
    fn doubt<E>(&mut self, poll: &mut dyn FnMut() -> Result<(), E>) -> Result<(), E> {
        let mut open = std::mem::take(&mut self.suspects);
        while let Some(suspect) = open.pop() {
            let Some(gate) = self.gates.get_mut(suspect as usize).filter(|gate| gate.is_so.is_none() && gate.founded) else { continue };
            gate.founded = false;
            self.suspects.push(suspect);
            let feeds = std::mem::take(&mut gate.feeds);
            for to in &feeds {
                self.step(poll)?;
                let Some(gate) = self.gates.get_mut(*to as usize).filter(|gate| gate.is_so.is_none()) else { continue };
                match gate.kind {
                    Kind::All => {
                        gate.missing += 1;
                        open.push(*to);
                    }
                    Kind::Any if gate.source == suspect => open.push(*to),
                    Kind::Any | Kind::Not | Kind::Given => {}
                }
            }
            if let Some(gate) = self.gates.get_mut(suspect as usize) {
                gate.feeds = feeds;
            }
        }
        Ok(())
    }

    /// Finds a source for each suspect that has one. Returns all that were suspects.
    fn found<E>(&mut self, poll: &mut dyn FnMut() -> Result<(), E>) -> Result<Vec<u32>, E> {
        let suspects = std::mem::take(&mut self.suspects);
        let mut open = Vec::new();
        for suspect in &suspects {
            self.step(poll)?;
            let Some(gate) = self.gates.get(*suspect as usize).filter(|gate| !gate.founded) else { continue };
            let source = match gate.kind {
                Kind::Any => gate.inputs.iter().copied().find(|input| self.is_founded(*input)),
                _ => (gate.missing == 0).then_some(u32::MAX),
            };
            if let Some(source) = source {
                self.set_source(*suspect, source, &mut open);
            }
            while let Some(from) = open.pop() {
                let Some(gate) = self.gates.get_mut(from as usize) else { continue };
                let feeds = std::mem::take(&mut gate.feeds);
                for to in &feeds {
                    self.step(poll)?;
                    let Some(gate) = self.gates.get_mut(*to as usize).filter(|gate| gate.is_so.is_none() && !gate.founded) else {
                        continue;
                    };
                    let is_founded = match gate.kind {
                        Kind::All => {
                            gate.missing = gate.missing.saturating_sub(1);
                            gate.missing == 0
                        }
                        _ => true,
                    };
                    if is_founded {
                        self.set_source(*to, from, &mut open);
                    }
                }
                if let Some(gate) = self.gates.get_mut(from as usize) {
                    gate.feeds = feeds;
                }
            }
        }
        Ok(suspects)
    }

    fn set_source(&mut self, gate: u32, source: u32, open: &mut Vec<u32>) {
        if let Some(gate) = self.gates.get_mut(gate as usize) {
            gate.founded = true;
            gate.source = source;
        }
        open.push(gate);
    }

    /// Whether an input can found what it feeds.
    fn is_founded(&self, gate: u32) -> bool {
        self.gates.get(gate as usize).is_some_and(|gate| match gate.is_so {
            Some(is_so) => is_so,
            None => gate.founded,
        })
    }
}

#[cfg(test)]
mod tests;
