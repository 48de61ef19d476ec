//! The n-th operation on the files fails.

use std::ffi::c_int;

use crate::case::{Journal, Setting, Subject, WITHIN, Within, statements, subjects};
use crate::disk::{self, OPERATIONS, Operation};
use crate::tally::{Class, Run, campaign};
use crate::{is_full, points};

/// A way to fail: which operation, the how many-th, with which code, and whether all after it fail too.
type Fault = (Operation, u64, c_int, bool);

/// What there is to fail in a call in one setting.
fn faults(subject: &Subject, setting: Setting) -> Vec<Fault> {
    let stage = subject.stage(setting);
    let prepared = stage.prepare();
    disk::count();
    let outcome = prepared.run();
    let (counts, _) = disk::disarm();
    assert!(outcome.succeeded(), "{} {setting}: {outcome:?}", subject.call);
    let mut faults = Vec::new();
    for (operation, count) in OPERATIONS.into_iter().zip(counts) {
        for at in points(count, 4, subject.call) {
            for code in operation.codes() {
                faults.extend([(operation, at, *code, false), (operation, at, *code, true)]);
            }
        }
    }
    faults
}

fn fail_each(subject: &Subject, setting: Setting, most: usize, run: &mut Run) {
    if !run.unit() {
        return;
    }
    let faults = faults(subject, setting);
    for place in points(faults.len() as u64, most, subject.call) {
        let (operation, at, code, is_lasting) = faults[place as usize - 1];
        let rest = if is_lasting { ", and all after it" } else { "" };
        run.case(
            subject.call.name,
            || format!("{} {setting}: {operation:?} {at}{rest} fails with {code}", subject.call),
            || {
                let stage = subject.stage(setting);
                let prepared = stage.prepare();
                disk::arm(operation, at, code, is_lasting);
                let outcome = prepared.run();
                let (_, failed) = disk::disarm();
                let mut wrong = (failed > 0).then(|| stage.judge(&outcome));
                if let Some(wrong) = &mut wrong
                    && (setting.journal, operation) == (Journal::Truncate, Operation::Sync)
                {
                    // When the commit is done SQLite syncs this journal once more, and tells of it where that fails.
                    wrong.retain(|(class, _)| *class != Class::DoneAllTheSame);
                }
                wrong
            },
        );
    }
}

/// Each writing function, in one journal mode.
fn writing(journal: Journal, most: usize, run: &mut Run) {
    for (number, subject) in subjects().iter().filter(|subject| subject.writes()).chain(&statements()).enumerate() {
        // In the short run the write-ahead log takes every second function.
        if subject.is_of_connection() || (!is_full() && journal == Journal::Wal && number % 2 == 0) {
            continue;
        }
        for form in subject.forms(run) {
            for (place, within) in WITHIN.into_iter().enumerate() {
                // A commit has most that can fail.
                let is_due = if number % 3 == 0 { number / 3 % WITHIN.len() == place } else { within == Within::Autocommit };
                for is_cramped in [false, true] {
                    if is_full() || is_due && is_cramped == (number % 4 == 0) {
                        fail_each(subject, Setting { form, within, journal, is_cramped, ..Setting::PLAIN }, most, run);
                    }
                }
            }
        }
    }
}

#[test]
fn writing_functions_with_a_rollback_journal() {
    campaign("files, writing, rollback journal", "files::writing_functions_with_a_rollback_journal", |run| {
        writing(Journal::Delete, 1, run);
        if is_full() {
            writing(Journal::Truncate, 1, run);
        }
    });
}

#[test]
fn writing_functions_with_a_write_ahead_log() {
    campaign("files, writing, WAL", "files::writing_functions_with_a_write_ahead_log", |run| writing(Journal::Wal, 1, run));
}

#[test]
fn questions() {
    campaign("files, asking", "files::questions", |run| {
        for (number, subject) in subjects().iter().filter(|subject| !subject.writes()).enumerate() {
            for (place, journal) in [Journal::Delete, Journal::Wal].into_iter().enumerate() {
                for within in [Within::Autocommit, Within::Begin] {
                    if is_full() || number % 2 == place && (within == Within::Begin) == (number % 4 < 2) {
                        fail_each(subject, Setting { within, journal, is_cramped: true, ..Setting::PLAIN }, 1, run);
                    }
                }
            }
        }
    });
}
