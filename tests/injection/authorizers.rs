//! A host's authorizer denies or ignores one thing that a call does, for as long as the call lasts.
//!
//! What may not be read is no reason for a yes. What may not be written is no reason to say that it was.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_int, c_void};

use authz::rusqlite::{Connection, ffi};

use crate::calls::Form;
use crate::case::{Setting, Stage, Subject, asking, subjects, writing};
use crate::statement::Outcome;
use crate::tally::{Class, Run, Wrong, campaign};
use crate::{is_full, points, turn};

/// What is asked of an authorizer: the action and its two arguments.
type Action = (c_int, String, String);

struct Authorizer {
    is_on: bool,
    seen: BTreeSet<Action>,
    /// What is not allowed, and the answer to it
    refuses: Option<(Action, c_int)>,
    refused: u64,
}

unsafe extern "C" fn authorize(
    authorizer: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    _within: *const c_char,
) -> c_int {
    // SAFETY: the structure lives as long as the authorizer is set, and is used by this thread alone; the texts live as long as the call.
    let (authorizer, text) = unsafe {
        let text = |text: *const c_char| if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() };
        (&mut *authorizer.cast::<Authorizer>(), [text(first), text(second)])
    };
    let [first, second] = text;
    if !authorizer.is_on {
        return ffi::SQLITE_OK;
    }
    let asked = (action, first, second);
    if let Some((refused, answer)) = &authorizer.refuses {
        if *refused == asked {
            authorizer.refused += 1;
            return *answer;
        }
    } else {
        authorizer.seen.insert(asked);
    }
    ffi::SQLITE_OK
}

/// Sets an authorizer, or none.
fn set(connection: &Connection, authorizer: *mut Authorizer) {
    type Callback = unsafe extern "C" fn(*mut c_void, c_int, *const c_char, *const c_char, *const c_char, *const c_char) -> c_int;
    let callback: Option<Callback> = if authorizer.is_null() { None } else { Some(authorize) };
    // SAFETY: the handle is open; see `authorize`.
    unsafe { ffi::sqlite3_set_authorizer(connection.handle(), callback, authorizer.cast()) };
}

/// Makes the call under an authorizer.
///
/// The host's own `SELECT authz_grant(…)` is prepared before it minds: were that to lose its columns, nothing would be called. An INSERT
/// prepares what the library has put behind the view, and so comes under it as a whole; a plain statement is the host's own, with all that the
/// triggers of the file do.
fn under(stage: &Stage<'_>, refuses: Option<(Action, c_int)>) -> (Outcome, Authorizer) {
    let mut authorizer = Authorizer {
        is_on: stage.setting.form == Form::Insert || stage.subject.call.is_statement(),
        seen: BTreeSet::new(),
        refuses,
        refused: 0,
    };
    let shared = &raw mut authorizer;
    set(&stage.connection, shared);
    let prepared = stage.prepare();
    // SAFETY: SQLite reaches the structure by this pointer too, and only while it prepares a statement.
    unsafe { (*shared).is_on = true };
    let outcome = prepared.run();
    set(&stage.connection, std::ptr::null_mut());
    (outcome, authorizer)
}

/// What SQLite leaves out without a sign: a column in an UPDATE keeps its value; and a whole statement of the host is none. No function of the
/// library runs with a plain statement of the host, so nobody can tell there what is left out.
fn cannot_be_told((action, table, _): &Action) -> bool {
    *action == ffi::SQLITE_UPDATE || (*action == ffi::SQLITE_INSERT && table == "authz_call")
}

fn refuse_each(subject: &Subject, setting: Setting, run: &mut Run) {
    if !run.unit() {
        return;
    }
    let stage = subject.stage(setting);
    let (outcome, authorizer) = under(&stage, None);
    assert!(outcome.succeeded(), "{} {setting}: {outcome:?}", subject.call);
    drop(stage);
    // There is more to read than to change, and both are to be tried.
    let reads = |action: &Action| [ffi::SQLITE_READ, ffi::SQLITE_SELECT, ffi::SQLITE_FUNCTION, ffi::SQLITE_RECURSIVE].contains(&action.0);
    let (reading, changing): (Vec<&Action>, Vec<&Action>) = authorizer.seen.iter().partition(|action| reads(action));
    let cases = [reading, changing].into_iter().flat_map(|actions| {
        let both: Vec<(Action, c_int)> = actions
            .into_iter()
            .flat_map(|action| [(action.clone(), ffi::SQLITE_DENY), (action.clone(), ffi::SQLITE_IGNORE)])
            .filter(|(action, answer)| *answer == ffi::SQLITE_DENY || !(cannot_be_told(action) || subject.call.is_statement()))
            .collect();
        points(both.len() as u64, 1, subject.call).into_iter().map(|place| both[place as usize - 1].clone()).collect::<Vec<_>>()
    });
    for (number, (action, answer)) in cases.collect::<Vec<_>>().iter().enumerate() {
        // The short run takes one or the other.
        if !is_full() && number as u64 != turn(subject.call, 2) {
            continue;
        }
        refuse(subject, setting, action, *answer, run);
    }
}

fn refuse(subject: &Subject, setting: Setting, action: &Action, answer: c_int, run: &mut Run) {
    let what = if answer == ffi::SQLITE_DENY { "denied" } else { "ignored" };
    run.case(
        subject.call.name,
        || format!("{} {setting}: {} is {what}", subject.call, named(action)),
        || {
            let stage = subject.stage(setting);
            let (outcome, authorizer) = under(&stage, Some((action.clone(), answer)));
            (authorizer.refused > 0).then(|| judge(stage, &outcome))
        },
    );
}

/// Every action of a migration is denied and ignored: what is left out there is missed for good. The short run takes some.
fn refuse_all(subject: &Subject, setting: Setting, run: &mut Run) {
    if !run.unit() {
        return;
    }
    let (outcome, authorizer) = under(&subject.stage(setting), None);
    assert!(outcome.succeeded(), "{} {setting}: {outcome:?}", subject.call);
    let both = authorizer.seen.iter().flat_map(|action| [(action, ffi::SQLITE_DENY), (action, ffi::SQLITE_IGNORE)]);
    let all: Vec<_> = both.filter(|(action, answer)| *answer == ffi::SQLITE_DENY || action.0 != ffi::SQLITE_UPDATE).collect();
    let chosen = if is_full() { (1..=all.len() as u64).collect() } else { points(all.len() as u64, 100, subject.call) };
    for (action, answer) in chosen.into_iter().map(|place| all[place as usize - 1]) {
        refuse(subject, setting, action, answer, run);
    }
}

/// A question may be answered with less where something was not to be read. Whether that is a yes to anything can be told of those alone
/// that decide.
fn judge(stage: Stage<'_>, outcome: &Outcome) -> Wrong {
    let subject = stage.subject;
    if !outcome.succeeded() {
        return stage.judge(outcome);
    }
    if subject.writes() {
        // An object that is answered may lack what was not to be read.
        let is_object = outcome.rows.iter().any(|row| row.starts_with(['{', '[']));
        let mut wrong = stage.judge_passed_over(outcome);
        wrong.retain(|(class, _)| *class != Class::WrongResult || !is_object);
        return wrong;
    }
    let (right, found) = (subject.clean(stage.setting.form, stage.setting.is_warm), outcome.steady(subject.call));
    let first = |row: &String| row.split('|').next().unwrap_or_default().to_owned();
    let more = match subject.call.name {
        "authz_check" | "authz_require" if subject.call.arguments.is_empty() => found.iter().find(|row| !right.rows.contains(row)),
        "authz_check" | "authz_require" => found.iter().find(|row| !["0", "-"].contains(&row.as_str()) && !right.rows.contains(row)),
        "authz_list_resources" | "authz_list_subjects" | "authz_list_permissions" => {
            found.iter().find(|row| !right.rows.iter().any(|right| first(right) == first(row)))
        }
        "authz_explain" => found.iter().find(|row| row.contains(r#""allowed":true"#) && !right.rows[0].contains(r#""allowed":true"#)),
        "authz_session_subject" => found.iter().find(|row| *row != "-" && !right.rows.contains(row)),
        "authz_search" => {
            let id = |row: &String| row.split('|').take(3).collect::<Vec<_>>().join("|");
            found.iter().find(|row| !right.rows.iter().any(|right| id(right) == id(row)))
        }
        "authz_claims" => {
            let held = |row: &String| -> BTreeSet<String> {
                let claims: serde_json::Value = serde_json::from_str(row).unwrap_or_default();
                let list = |key: &str| claims[key].as_array().cloned().unwrap_or_default();
                ["roles", "permissions"].iter().flat_map(|key| list(key)).map(|value| value.to_string()).collect()
            };
            found.iter().find(|row| !held(row).is_subset(&held(&right.rows[0])))
        }
        _ => None,
    };
    let mut wrong = match more {
        Some(row) => vec![(Class::WrongYes, format!("answered {row} where {:?} is right", right.rows))],
        None => Vec::new(),
    };
    // What is kept by now must be as right as ever.
    let same = Outcome { rows: stage.ask().rows, ..outcome.clone() };
    wrong.extend(stage.judge(&same));
    wrong
}

/// The action in words.
fn named((action, first, second): &Action) -> String {
    let name = match *action {
        ffi::SQLITE_CREATE_INDEX => "CREATE INDEX",
        ffi::SQLITE_CREATE_TABLE => "CREATE TABLE",
        ffi::SQLITE_CREATE_TRIGGER => "CREATE TRIGGER",
        ffi::SQLITE_CREATE_VIEW => "CREATE VIEW",
        ffi::SQLITE_CREATE_TEMP_TRIGGER => "CREATE TEMP TRIGGER",
        ffi::SQLITE_CREATE_VTABLE => "CREATE VIRTUAL TABLE",
        ffi::SQLITE_DELETE => "DELETE",
        ffi::SQLITE_INSERT => "INSERT",
        ffi::SQLITE_UPDATE => "UPDATE",
        ffi::SQLITE_READ => "READ",
        ffi::SQLITE_SELECT => "SELECT",
        ffi::SQLITE_FUNCTION => "FUNCTION",
        ffi::SQLITE_SAVEPOINT => "SAVEPOINT",
        ffi::SQLITE_TRANSACTION => "TRANSACTION",
        ffi::SQLITE_PRAGMA => "PRAGMA",
        ffi::SQLITE_RECURSIVE => "RECURSIVE",
        _ => return format!("action {action} {first} {second}"),
    };
    format!("{name} {first} {second}")
}

#[test]
fn writing_functions() {
    campaign("authorizers, writing", "authorizers::writing_functions", |run| {
        for (subject, setting) in writing(run) {
            refuse_each(&subject, setting, run);
        }
    });
}

#[test]
fn migrations() {
    campaign("authorizers, migrating", "authorizers::migrations", |run| {
        for subject in subjects().iter().filter(|subject| subject.call.name == "authz_migrate") {
            refuse_all(subject, Setting::PLAIN, run);
        }
    });
}

#[test]
fn questions() {
    campaign("authorizers, asking", "authorizers::questions", |run| {
        for (subject, setting) in asking() {
            refuse_each(&subject, setting, run);
        }
    });
}
