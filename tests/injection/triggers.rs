//! Temporary triggers of the host stand in the way of what a function writes: one of its writes is refused, passed over, or interrupted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use authz::rusqlite::functions::FunctionFlags;
use authz::rusqlite::{Connection, ffi};

use crate::calls::{File, run as execute};
use crate::case::{Setting, Stage, Subject, WITHIN, subjects};
use crate::statement::Outcome;
use crate::tally::{Class, Run, campaign};
use crate::{is_full, points};

/// What a trigger does about a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Abort,
    Fail,
    Rollback,
    /// Before a row is written it would not be written; after it was, the other triggers of the row would not run.
    Ignore,
    /// Calls `sqlite3_interrupt`
    Interrupt,
}

impl Does {
    fn raise(self) -> &'static str {
        match self {
            Does::Abort => "SELECT RAISE(ABORT, 'the host says no')",
            Does::Fail => "SELECT RAISE(FAIL, 'the host says no')",
            Does::Rollback => "SELECT RAISE(ROLLBACK, 'the host says no')",
            Does::Ignore => "SELECT RAISE(IGNORE)",
            Does::Interrupt => "SELECT host_interrupts()",
        }
    }
}

/// Which writes a trigger does something about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Never,
    /// The n-th of all
    Write(usize),
    /// All of one kind to one table, such as `INSERT authz_roles`
    Every(String),
}

#[derive(Default)]
struct Host {
    seen: Vec<String>,
    when: Option<When>,
    hits: u64,
}

type Shared = Arc<Mutex<Host>>;

/// Sets up triggers on what is written in these ways, such as `INSERT authz_roles`.
fn set_up(connection: &Connection, time: &str, does: Does, writes: &BTreeSet<String>) -> Shared {
    let host = Shared::default();
    let shared = Arc::clone(&host);
    let flags = FunctionFlags::SQLITE_UTF8;
    connection
        .create_scalar_function("host_minds", 1, flags, move |call| {
            let mut host = shared.lock().unwrap();
            let write: String = call.get(0)?;
            host.seen.push(write.clone());
            let minds = match &host.when {
                None | Some(When::Never) => false,
                Some(When::Write(number)) => host.seen.len() == *number,
                Some(When::Every(kind)) => *kind == write,
            };
            host.hits += u64::from(minds);
            Ok(minds)
        })
        .unwrap();
    // SAFETY: the handle is used while the connection is open.
    let db = unsafe { connection.handle() } as usize;
    connection
        .create_scalar_function("host_interrupts", 0, flags, move |_| {
            // SAFETY: the connection is open: it runs this function.
            unsafe { ffi::sqlite3_interrupt(db as *mut ffi::sqlite3) };
            Ok(0)
        })
        .unwrap();
    for (number, write) in writes.iter().enumerate() {
        let (verb, table) = write.split_once(' ').unwrap();
        let sql = format!(
            "CREATE TEMP TRIGGER host_{number} {time} {verb} ON main.\"{table}\" WHEN host_minds('{write}') BEGIN {}; END",
            does.raise()
        );
        execute(connection, &sql);
    }
    host
}

/// Every way to write to every table of the library. Triggers on what a virtual table keeps its data in are left out: SQLite's FTS5 then
/// calls itself until the stack is full.
fn all_writes(connection: &Connection) -> BTreeSet<String> {
    let sql =
        "SELECT verb || ' ' || name FROM pragma_table_list, (SELECT 'INSERT' AS verb UNION ALL SELECT 'UPDATE' UNION ALL SELECT 'DELETE')
               WHERE schema = 'main' AND type = 'table' AND (name GLOB 'authz_*' OR name GLOB '_authz_*')";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn ask(stage: &Stage<'_>, host: &Shared, when: When) -> (Outcome, Vec<String>, u64) {
    let begin = |when| *host.lock().unwrap() = Host { when: Some(when), ..Host::default() };
    begin(when);
    let outcome = stage.ask();
    let found = std::mem::take(&mut *host.lock().unwrap());
    begin(When::Never);
    (outcome, found.seen, found.hits)
}

fn stand_in_the_way(subject: &Subject, setting: Setting, most: usize, run: &mut Run) {
    if !run.unit() {
        return;
    }
    let mut cases: Vec<(&str, Does, When)> = Vec::new();
    let stage = subject.stage(setting);
    let host = set_up(&stage.connection, "BEFORE", Does::Abort, &all_writes(&stage.connection));
    let (outcome, seen, _) = ask(&stage, &host, When::Never);
    assert!(outcome.succeeded(), "{} {setting}: {outcome:?}", subject.call);
    drop(stage);
    let kinds: BTreeSet<String> = seen.iter().cloned().collect();
    for time in ["BEFORE", "AFTER"] {
        cases.extend(kinds.iter().map(|kind| (time, Does::Ignore, When::Every(kind.clone()))));
        for number in 1..=seen.len() {
            let all = [Does::Abort, Does::Fail, Does::Rollback, Does::Ignore, Does::Interrupt];
            cases.extend(all.map(|does| (time, does, When::Write(number))));
        }
    }
    for place in points(cases.len() as u64, most, subject.call) {
        let (time, does, when) = &cases[place as usize - 1];
        run.case(
            subject.call.name,
            || format!("{} {setting}: {does:?} {time} {when:?}", subject.call),
            || {
                let stage = subject.stage(setting);
                let host = set_up(&stage.connection, time, *does, &kinds);
                let (outcome, _, hits) = ask(&stage, &host, when.clone());
                if *does == Does::Ignore {
                    // Functions refuse as long as there is such a trigger.
                    let mut wrong = Vec::new();
                    if outcome.succeeded() {
                        wrong.push((Class::NotRefused, format!("answered {:?}", outcome.rows)));
                    }
                    let sql = "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM temp.sqlite_schema WHERE name GLOB 'host_*'";
                    let drop: String = stage.connection.query_row(sql, [], |row| row.get(0)).unwrap();
                    execute(&stage.connection, &drop);
                    wrong.extend(stage.judge(&outcome));
                    return Some(wrong);
                }
                (hits > 0).then(|| stage.judge(&outcome))
            },
        );
    }
}

#[test]
fn writing_functions() {
    campaign("triggers of the host", "triggers::writing_functions", |run| {
        for (number, subject) in subjects().iter().filter(|subject| subject.writes()).enumerate() {
            if subject.call.file == File::Empty || subject.is_of_connection() {
                continue;
            }
            for form in subject.forms(run) {
                for (place, within) in WITHIN.into_iter().enumerate() {
                    if is_full() || number % WITHIN.len() == place {
                        stand_in_the_way(subject, Setting { form, within, ..Setting::PLAIN }, 1, run);
                    }
                }
            }
        }
    });
}
