//! The call is ended from outside: by `sqlite3_interrupt`, whose flag stays up until all statements of the connection have ended, or by a
//! progress handler, which ends the innermost statement.

use std::ffi::{c_int, c_void};

use authz::rusqlite::{Connection, ffi};

use crate::case::{Setting, Stage, Subject, asking, writing};
use crate::disk;
use crate::statement::Outcome;
use crate::tally::{Run, campaign};
use crate::{is_full, points, turn};

/// How the call is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// By `sqlite3_interrupt` from within a progress handler, as another thread would
    Interrupt,
    /// By `sqlite3_interrupt` from within an operation of the VFS
    InterruptWithinFile,
    /// By a progress handler that once says so
    Once,
    /// By a progress handler that says so from then on
    Lasting,
}

struct Progress {
    db: *mut ffi::sqlite3,
    how: How,
    /// At which call; 0 for never
    at: u64,
    seen: u64,
}

unsafe extern "C" fn step(progress: *mut c_void) -> c_int {
    // SAFETY: the structure lives as long as the handler is registered, and is used by this thread alone.
    let progress = unsafe { &mut *progress.cast::<Progress>() };
    progress.seen += 1;
    if progress.at == 0 || progress.seen < progress.at || (progress.seen > progress.at && progress.how != How::Lasting) {
        return 0;
    }
    if progress.how == How::Interrupt {
        // SAFETY: the connection is open: it is running a statement.
        unsafe { ffi::sqlite3_interrupt(progress.db) };
        return 0;
    }
    1
}

fn set_handler(connection: &Connection, progress: Option<&mut Progress>) {
    let (handler, argument): (Option<unsafe extern "C" fn(*mut c_void) -> c_int>, *mut Progress) = match progress {
        Some(progress) => (Some(step), progress),
        None => (None, std::ptr::null_mut()),
    };
    // SAFETY: the handle is open; see `step`. A handler is asked at every step of SQLite's machine at which it can be.
    unsafe { ffi::sqlite3_progress_handler(connection.handle(), 1, handler, argument.cast()) };
}

/// How often a progress handler is asked during some work.
pub fn counted<T>(connection: &Connection, work: impl FnOnce() -> T) -> (T, u64) {
    let mut progress = Progress { db: std::ptr::null_mut(), how: How::Once, at: 0, seen: 0 };
    set_handler(connection, Some(&mut progress));
    let answer = work();
    set_handler(connection, None);
    (answer, progress.seen)
}

/// Makes the call, and whether it was ended.
fn ended(stage: &Stage<'_>, how: How, at: u64) -> (Outcome, bool) {
    let prepared = stage.prepare();
    // SAFETY: the handle is used while the connection is open.
    let db = unsafe { stage.connection.handle() };
    if how == How::InterruptWithinFile {
        disk::interrupt(db, at);
        let outcome = prepared.run();
        return (outcome, disk::disarm().1 > 0);
    }
    let mut progress = Progress { db, how, at, seen: 0 };
    set_handler(&stage.connection, Some(&mut progress));
    let outcome = prepared.run();
    set_handler(&stage.connection, None);
    (outcome, progress.seen >= at)
}

fn end_each(subject: &Subject, setting: Setting, hows: &[How], run: &mut Run) {
    for &how in hows {
        if !run.unit() {
            continue;
        }
        let clean = subject.clean(setting.form, setting.is_warm);
        let count = if how == How::InterruptWithinFile { clean.operations } else { clean.steps };
        for at in points(count, 1, subject.call) {
            run.case(
                subject.call.name,
                || format!("{} {setting}: ended by {how:?} at step {at} of {count}", subject.call),
                || {
                    let stage = subject.stage(setting);
                    let (outcome, was_ended) = ended(&stage, how, at);
                    was_ended.then(|| stage.judge(&outcome))
                },
            );
        }
    }
}

/// Every way to end it in the long run, one in turn in the short one.
fn end_in_turn(subject: &Subject, setting: Setting, hows: &[How], run: &mut Run) {
    let turn = turn(subject.call, hows.len() as u64) as usize;
    end_each(subject, setting, if is_full() { hows } else { &hows[turn..=turn] }, run);
}

#[test]
fn writing_functions_interrupted() {
    campaign("interrupts, writing", "interrupts::writing_functions_interrupted", |run| {
        for (subject, setting) in writing(run) {
            end_each(&subject, setting, &[How::Interrupt], run);
        }
    });
}

#[test]
fn writing_functions_interrupted_within_files() {
    let test = "interrupts::writing_functions_interrupted_within_files";
    campaign("interrupts within files, writing", test, |run| {
        // The flag of an interrupt is the same wherever it comes from: every second function will do for the short run.
        for (subject, setting) in writing(run).into_iter().step_by(if is_full() { 1 } else { 2 }) {
            end_each(&subject, Setting { is_cramped: true, ..setting }, &[How::InterruptWithinFile], run);
        }
    });
}

#[test]
fn writing_functions_ended_by_a_progress_handler() {
    let test = "interrupts::writing_functions_ended_by_a_progress_handler";
    campaign("progress handlers, writing", test, |run| {
        for (subject, setting) in writing(run).into_iter().step_by(if is_full() { 1 } else { 2 }) {
            end_in_turn(&subject, setting, &[How::Once, How::Lasting], run);
        }
    });
}

#[test]
fn questions() {
    campaign("interrupts and progress handlers, asking", "interrupts::questions", |run| {
        let hows = [How::Interrupt, How::Once, How::Lasting, How::InterruptWithinFile];
        for (subject, setting) in asking() {
            end_in_turn(&subject, setting, &hows, run);
        }
    });
}
