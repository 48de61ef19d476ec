//! The n-th allocation fails.

use std::sync::atomic::Ordering;

use crate::case::{Setting, Subject, asking, writing};
use crate::tally::{Run, campaign};
use crate::world::TAKES_ALL_FROM_ALLOCATOR;
use crate::{is_full, memory, points, turn};

/// One call in one setting: each of some allocations fails, once and for the rest of the call.
fn fail_each(subject: &Subject, setting: Setting, most: usize, run: &mut Run) {
    if !run.unit() {
        return;
    }
    let count = subject.clean(setting.form, setting.is_warm).allocations;
    for (number, at) in points(count, most, subject.call).into_iter().enumerate() {
        for is_lasting in [false, true] {
            if is_full() || is_lasting == ((number as u64 + turn(subject.call, 2)) % 2 == 1) {
                fail(subject, setting, (at, is_lasting, count), run);
            }
        }
    }
}

fn fail(subject: &Subject, setting: Setting, (at, is_lasting, count): (u64, bool, u64), run: &mut Run) {
    let rest = if is_lasting { ", and all after it" } else { "" };
    run.case(
        subject.call.name,
        || format!("{} {setting}: allocation {at} of {count} fails{rest}", subject.call),
        || {
            let stage = subject.stage(setting);
            let prepared = stage.prepare();
            memory::arm(at, is_lasting);
            let outcome = prepared.run();
            let (_, failed) = memory::disarm();
            (failed > 0).then(|| stage.judge(&outcome))
        },
    );
}

#[test]
fn writing_functions() {
    campaign("allocations, writing", "allocations::writing_functions", |run| {
        TAKES_ALL_FROM_ALLOCATOR.store(true, Ordering::Relaxed);
        for (subject, setting) in writing(run) {
            fail_each(&subject, setting, 1, run);
        }
    });
}

#[test]
fn questions() {
    campaign("allocations, asking", "allocations::questions", |run| {
        TAKES_ALL_FROM_ALLOCATOR.store(true, Ordering::Relaxed);
        for (subject, setting) in asking() {
            fail_each(&subject, setting, 1, run);
        }
    });
}
