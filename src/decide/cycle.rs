//! Goals that wait for each other, settled together.
//!
//! Settling gives the well-founded meaning: a cycle proves nothing by itself, so what only a cycle supports is a no; and what an exclusion
//! within a cycle leaves open (*has it who has it not*) is [`Truth::Undecided`].

use super::formula::{Formula, Truth};

/// Goals that wait for each other.
#[derive(Default)]
pub(super) struct Cycle {
    pub(super) formulas: Vec<Formula>,
}

/// What stands at a goal of a cycle: its truth, or its place among those that wait.
pub(super) type Decided<'a> = &'a dyn Fn(u32) -> std::result::Result<Truth, usize>;

impl Cycle {
    /// The alternating fixpoint: what must be so grows and what may be so shrinks, until neither moves; between them lies the undecided.
    pub(super) fn well_founded(&self, decided: Decided<'_>) -> Vec<Truth> {
        let mut must = vec![false; self.formulas.len()];
        loop {
            let may = self.least(decided, &must, false);
            let next = self.least(decided, &may, true);
            if next == must {
                let both = must.iter().zip(&may);
                return both
                    .map(|(must, may)| match (must, may) {
                        (true, _) => Truth::Yes,
                        (false, true) => Truth::Undecided,
                        (false, false) => Truth::No,
                    })
                    .collect();
            }
            must = next;
        }
    }

    /// The least set of goals that support each other, where goals under an exclusion are taken from `excluded`. What is undecided from
    /// elsewhere counts against a goal where `strict`, else for it.
    fn least(&self, decided: Decided<'_>, excluded: &[bool], strict: bool) -> Vec<bool> {
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); self.formulas.len()];
        for (place, formula) in self.formulas.iter().enumerate() {
            collect(formula, decided, true, &mut |on| dependents.get_mut(on).map(|list| list.push(place)).unwrap_or_default());
        }
        let mut so = vec![false; self.formulas.len()];
        let mut open: Vec<usize> = (0..self.formulas.len()).collect();
        while let Some(place) = open.pop() {
            let Some(formula) = self.formulas.get(place) else { continue };
            if so.get(place) == Some(&false) && is_so(formula, decided, true, &so, excluded, strict) {
                if let Some(cell) = so.get_mut(place) {
                    *cell = true;
                }
                open.extend(dependents.get(place).into_iter().flatten());
            }
        }
        so
    }
}

/// The goals of a cycle that a formula mentions, those outside exclusions where `positive`.
fn collect(formula: &Formula, decided: Decided<'_>, positive: bool, take: &mut impl FnMut(usize)) {
    match formula {
        Formula::Known(_) => {}
        Formula::Goal(number) => {
            if let (true, Err(place)) = (positive, decided(*number)) {
                take(place);
            }
        }
        Formula::Any(parts) | Formula::All(parts) => {
            parts.open.iter().chain(&parts.waiting).for_each(|part| collect(part, decided, positive, take));
        }
        Formula::ButNot(both) => {
            let [base, not] = &**both;
            collect(base, decided, positive, take);
            collect(not, decided, !positive, take);
        }
    }
}

fn is_so(formula: &Formula, decided: Decided<'_>, positive: bool, so: &[bool], excluded: &[bool], strict: bool) -> bool {
    let counts = |truth: Truth| match truth {
        Truth::Yes => true,
        Truth::No => false,
        Truth::Undecided => strict != positive,
    };
    let inner = |part: &Formula, positive| is_so(part, decided, positive, so, excluded, strict);
    match formula {
        Formula::Known(truth) => counts(*truth),
        Formula::Goal(number) => match decided(*number) {
            Ok(truth) => counts(truth),
            Err(place) => (if positive { so } else { excluded }).get(place).copied().unwrap_or_default(),
        },
        Formula::Any(parts) => {
            (parts.undecided && counts(Truth::Undecided)) || parts.open.iter().chain(&parts.waiting).any(|part| inner(part, positive))
        }
        Formula::All(parts) => {
            (!parts.undecided || counts(Truth::Undecided)) && parts.open.iter().chain(&parts.waiting).all(|part| inner(part, positive))
        }
        Formula::ButNot(both) => {
            let [base, not] = &**both;
            inner(base, positive) && !inner(not, !positive)
        }
    }
}
