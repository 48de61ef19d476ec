//! Held against the alternating fixpoint as it is defined, and counted on long cycles.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::convert::Infallible;

use proptest::prelude::*;

use super::{Cycle, STEPS};
use crate::decide::formula::{Formula, Parts, Truth};

/// A formula before its goals are known from others: the goals below the size of the cycle are in it, the three above it are decided.
#[derive(Debug, Clone)]
enum Draft {
    Goal(u32),
    Any(Vec<Draft>, bool),
    All(Vec<Draft>, bool),
    ButNot(Box<[Draft; 2]>),
}

impl Draft {
    fn formula(&self) -> Formula {
        let parts = |drafts: &[Draft], undecided: bool| {
            let (open, waiting) = drafts.split_at(drafts.len() / 2);
            let all = |drafts: &[Draft]| drafts.iter().map(Draft::formula).collect();
            Parts { open: all(open), waiting: all(waiting), undecided }
        };
        match self {
            Draft::Goal(number) => Formula::Goal(*number),
            Draft::Any(drafts, undecided) => Formula::Any(parts(drafts, *undecided)),
            Draft::All(drafts, undecided) => Formula::All(parts(drafts, *undecided)),
            Draft::ButNot(both) => Formula::ButNot(Box::new([both[0].formula(), both[1].formula()])),
        }
    }

    /// Whether it is so, where goals under an even number of exclusions are taken from `so`, the others from `excluded`; what is undecided
    /// for good counts as so where `lenient`, under an exclusion the other way round.
    fn is_so(&self, so: &[bool], excluded: &[bool], lenient: bool) -> bool {
        let all = |drafts: &[Draft]| drafts.iter().map(|draft| draft.is_so(so, excluded, lenient)).collect::<Vec<_>>();
        match self {
            Draft::Goal(number) => match (*number as usize).checked_sub(so.len()) {
                None => so[*number as usize],
                Some(0) => false,
                Some(1) => lenient,
                Some(_) => true,
            },
            Draft::Any(drafts, undecided) => (*undecided && lenient) || all(drafts).contains(&true),
            Draft::All(drafts, undecided) => (!*undecided || lenient) && !all(drafts).contains(&false),
            Draft::ButNot(both) => both[0].is_so(so, excluded, lenient) && !both[1].is_so(excluded, so, !lenient),
        }
    }
}

/// What must be so grows and what may be so shrinks, until neither moves.
fn alternating(drafts: &[Draft]) -> Vec<Truth> {
    let least = |excluded: &[bool], lenient: bool| {
        let mut so = vec![false; drafts.len()];
        loop {
            let next: Vec<bool> = drafts.iter().map(|draft| draft.is_so(&so, excluded, lenient)).collect();
            if next == so {
                return so;
            }
            so = next;
        }
    };
    let mut must = vec![false; drafts.len()];
    loop {
        let may = least(&must, true);
        let next = least(&may, false);
        if next == must {
            let truth = |(must, may): (&bool, &bool)| match (must, may) {
                (true, _) => Truth::Yes,
                (false, true) => Truth::Undecided,
                (false, false) => Truth::No,
            };
            return must.iter().zip(&may).map(truth).collect();
        }
        must = next;
    }
}

fn settled(drafts: &[Draft], polls: &mut u32) -> Vec<Truth> {
    let cycle = Cycle { formulas: drafts.iter().map(Draft::formula).collect() };
    let decided = |number: u32| match (number as usize).checked_sub(drafts.len()) {
        None => Err(number as usize),
        Some(0) => Ok(Truth::No),
        Some(1) => Ok(Truth::Undecided),
        Some(_) => Ok(Truth::Yes),
    };
    let mut poll = || {
        *polls += 1;
        Ok::<(), Infallible>(())
    };
    cycle.well_founded(&decided, &mut poll).unwrap()
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    (1u32..9).prop_flat_map(|size| {
        let goal = (0..size + 3).prop_map(Draft::Goal);
        let draft = goal.prop_recursive(4, 12, 3, |inner| {
            let some = prop::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                (some.clone(), prop::bool::weighted(0.1)).prop_map(|(drafts, undecided)| Draft::Any(drafts, undecided)),
                (some, prop::bool::weighted(0.1)).prop_map(|(drafts, undecided)| Draft::All(drafts, undecided)),
                (inner.clone(), inner).prop_map(|(base, not)| Draft::ButNot(Box::new([base, not]))),
            ]
        });
        prop::collection::vec(draft, size as usize)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_settled_is_the_alternating_fixpoint(drafts in drafts()) {
        prop_assert_eq!(settled(&drafts, &mut 0), alternating(&drafts));
    }
}

fn not(base: Draft, excluded: u32) -> Draft {
    Draft::ButNot(Box::new([base, Draft::Goal(excluded)]))
}

/// The work for a cycle of ten times the length is not much more than ten times the work.
#[test]
fn long_cycles_take_work_in_proportion_to_their_length() {
    let yes = |size: u32| Draft::Goal(size + 2);
    type Shape = fn(u32, u32, Draft) -> Draft;
    let shapes: [(&str, Shape); 4] = [
        ("each excludes the next", |size, at, yes| not(yes, (at + 1) % size)),
        ("one waits for itself, so that all others come out one after the other", |size, at, yes| {
            not(if at + 1 == size { Draft::Goal(at) } else { yes }, (at + 1) % size)
        }),
        ("every second waits for itself or the next, and is decided after the one before the last", |size, at, yes| match at % 2 {
            _ if at + 1 == size => not(Draft::Goal(at), 0),
            0 => Draft::Any(vec![Draft::Goal(at), Draft::Goal(at + 1)], false),
            _ => not(yes, (at + 1) % size),
        }),
        ("each has the one before it, unless the next has it", |size, at, yes| match at {
            0 => not(yes, size - 1),
            _ => not(Draft::Any(vec![Draft::Goal(at - 1), Draft::Goal(at)], false), (at + 1) % size),
        }),
    ];
    for (name, shape) in shapes {
        let mut work = [0; 2];
        for (size, polls) in [2_000u32, 20_000].into_iter().zip(&mut work) {
            let drafts: Vec<Draft> = (0..size).map(|at| shape(size, at, yes(size))).collect();
            settled(&drafts, polls);
        }
        assert!(work[1] * STEPS <= 20 * 20_000, "{name}: {work:?}");
        let drafts: Vec<Draft> = (0..50).map(|at| shape(50, at, yes(50))).collect();
        assert_eq!(settled(&drafts, &mut 0), alternating(&drafts), "{name}");
    }
}

#[test]
fn a_long_cycle_can_be_interrupted() {
    let formulas = (0..20_000).map(|at| not(Draft::Goal(20_000), (at + 1) % 20_000).formula()).collect();
    let decided = |number: u32| if number == 20_000 { Ok(Truth::Yes) } else { Err(number as usize) };
    assert_eq!(Cycle { formulas }.well_founded(&decided, &mut || Err("interrupted")).unwrap_err(), "interrupted");
}
