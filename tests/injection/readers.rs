//! Somebody reads for longer than the call waits, so that it cannot commit; and calls that are refused.

use std::time::Duration;

use authz::rusqlite::{Connection, ffi};

use crate::case::{Setting, Stage, WITHIN, refusals, statements, subjects};
use crate::statement::Outcome;
use crate::tally::{Class, Wrong, campaign};

/// Another connection that keeps reading.
fn reader(stage: &Stage<'_>) -> Connection {
    let reader = Connection::open(&stage.path).unwrap();
    reader.busy_timeout(Duration::ZERO).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM host_rows").unwrap();
    reader
}

/// Makes the call while somebody reads; whether others can begin to read when it is over.
fn ask_beside_reader(stage: &Stage<'_>) -> (Outcome, Wrong) {
    let reader = reader(stage);
    stage.connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let outcome = stage.ask();
    stage.connection.busy_timeout(Duration::ZERO).unwrap();
    let mut wrong = Vec::new();
    let other = Connection::open(&stage.path).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    if let Err(error) = other.query_row("SELECT count(*) FROM host_rows", [], |_| Ok(())) {
        wrong.push((
            Class::LockKept,
            format!("the call ended with {} {:?}, and nobody can begin to read: {error}", outcome.code, outcome.message),
        ));
    }
    reader.execute_batch("COMMIT").unwrap();
    (outcome, wrong)
}

#[test]
fn writing_functions_beside_a_reader() {
    campaign("readers, writing", "readers::writing_functions_beside_a_reader", |run| {
        for (number, subject) in subjects().iter().filter(|subject| subject.writes()).chain(&statements()).enumerate() {
            // One commit is like another: the short run takes every second function.
            if !crate::is_full() && number % 2 == 1 {
                continue;
            }
            for form in subject.forms(run) {
                if !run.unit() {
                    continue;
                }
                for is_warm in [false, true] {
                    let setting = Setting { form, is_warm, ..Setting::PLAIN };
                    if is_warm && (subject.is_of_connection() || !crate::is_full()) {
                        continue;
                    }
                    run.case(
                        subject.call.name,
                        || format!("{} {setting}: somebody reads", subject.call),
                        || {
                            let stage = subject.stage(setting);
                            let (outcome, mut wrong) = ask_beside_reader(&stage);
                            if subject.clean(form, is_warm).writes && outcome.code & 0xff != ffi::SQLITE_BUSY {
                                let told = format!("ended with {} {:?} instead of SQLITE_BUSY", outcome.code, outcome.message);
                                wrong.push((Class::NotRefused, told));
                            }
                            wrong.extend(stage.judge(&outcome));
                            Some(wrong)
                        },
                    );
                }
            }
        }
    });
}

#[test]
fn refused_calls_beside_a_reader() {
    campaign("readers, refused", "readers::refused_calls_beside_a_reader", |run| {
        for subject in &refusals() {
            for form in subject.forms(run) {
                if !run.unit() {
                    continue;
                }
                let setting = Setting { form, ..Setting::PLAIN };
                run.case(
                    subject.call.name,
                    || format!("{} {setting}: refused, and somebody reads", subject.call),
                    || {
                        let stage = subject.stage(setting);
                        let (outcome, mut wrong) = ask_beside_reader(&stage);
                        wrong.extend(stage.judge_refusal(&outcome));
                        Some(wrong)
                    },
                );
            }
        }
    });
}

#[test]
fn refused_calls() {
    campaign("refused", "readers::refused_calls", |run| {
        for (number, subject) in refusals().iter().enumerate() {
            for form in subject.forms(run) {
                if !run.unit() {
                    continue;
                }
                for (place, within) in WITHIN.into_iter().enumerate() {
                    if !crate::is_full() && number % WITHIN.len() != place {
                        continue;
                    }
                    let setting = Setting { form, within, ..Setting::PLAIN };
                    run.case(
                        subject.call.name,
                        || format!("{} {setting}: refused", subject.call),
                        || {
                            let stage = subject.stage(setting);
                            let outcome = stage.ask();
                            Some(stage.judge_refusal(&outcome))
                        },
                    );
                }
            }
        }
    });
}
