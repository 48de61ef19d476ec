//! Under a live connection the data become others in ways that SQLite does not tell of: nothing that was kept may outlive them. And a host
//! that turns triggers off takes away what the functions rest on.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use authz::rusqlite::{Connection, ffi};

use crate::answers::{Answers, Differ, ask_functions as ask};
use crate::calls::{CALLS, run};
use crate::case::{Setting, WITHIN, subjects};
use crate::content::dump;
use crate::memory;
use crate::tally::{Class, Wrong, campaign};
use crate::world::{base, fresh_path, open_with_library, own_path};

/// A file with the world in another state.
struct State {
    name: &'static str,
    path: PathBuf,
    answers: Answers,
}

/// What makes them of the world. The last two have as many changes as each other, so that whoever counts them sees no difference.
const MADE_BY: [(&str, &str); 3] = [
    ("the world", ""),
    (
        "the world with less",
        "SELECT authz_revoke('user:ana', 'editor', 'project', 1), authz_remove_member('group:web', 'user:ben');
         SELECT authz_unrelate('user:ana', 'owner', 'folder', 1), authz_unrelate('user:*', 'viewer', 'document', 10);
         SELECT authz_session_revoke('web'), authz_remove_role_permission('reader', 'document:read');
         UPDATE authz_memberships SET status = 'inactive' WHERE user = 'ben'",
    ),
    (
        "the world with more",
        "SELECT authz_grant('user:eve', 'editor', 'project', 1), authz_add_member('group:web', 'user:eve');
         SELECT authz_relate('user:eve', 'owner', 'folder', 1), authz_relate('user:*', 'viewer', 'document', 20);
         SELECT authz_session_revoke('phone'), authz_add_role_permission('reader', 'document:edit');
         UPDATE authz_memberships SET status = 'active' WHERE user = 'cyd'",
    ),
];

static STATES: LazyLock<Vec<State>> = LazyLock::new(|| {
    let world = base(CALLS.iter().find(|call| call.name == "authz_check").unwrap());
    let state = |(number, (name, made_by)): (usize, &(&'static str, &str))| {
        let path = own_path(&format!("state{number}"));
        std::fs::copy(&world.path, &path).unwrap();
        run(&open_with_library(&path), made_by);
        let answers = ask(&open_with_library(&path));
        State { name, path, answers }
    };
    MADE_BY.iter().enumerate().map(state).collect()
});

/// Puts the content of a file in the place of the main database.
///
/// No table-valued function may be asked before and after it on one connection, be it SQLite's own `json_each`: the table that SQLite 3.53
/// has made of it keeps a pointer to the schema that goes (it is not reset as those of the schema's own tables are), and the process ends.
fn deserialize(connection: &Connection, from: &Path) -> Result<(), i32> {
    let bytes = std::fs::read(from).unwrap();
    let length = bytes.len() as i64;
    // SAFETY: the handle is open, and SQLite takes over the memory that it has allocated.
    unsafe {
        let memory = ffi::sqlite3_malloc64(bytes.len() as u64).cast::<u8>();
        memory.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        let flags = ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE;
        match ffi::sqlite3_deserialize(connection.handle(), c"main".as_ptr(), memory, length, length, flags) {
            ffi::SQLITE_OK => Ok(()),
            code => Err(code),
        }
    }
}

/// Copies the content of a file into the main database, as `sqlite3_backup_step` does.
fn back_up(connection: &Connection, from: &Path) -> Result<(), i32> {
    let source = Connection::open(from).unwrap();
    // SAFETY: both handles are open.
    unsafe {
        let backup = ffi::sqlite3_backup_init(connection.handle(), c"main".as_ptr(), source.handle(), c"main".as_ptr());
        if backup.is_null() {
            return Err(ffi::sqlite3_extended_errcode(connection.handle()));
        }
        ffi::sqlite3_backup_step(backup, -1);
        match ffi::sqlite3_backup_finish(backup) {
            ffi::SQLITE_OK => Ok(()),
            code => Err(code),
        }
    }
}

/// How the connection comes to its first state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    File,
    WalFile,
    Memory,
    MemoryDeserialized,
}

/// What it does before the state changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// It asks within a read transaction, and ends it
    Read,
    /// It asks with no transaction open
    Autocommit,
    /// It asks after a write of its own, and rolls that back
    RolledBack,
    /// It asks within a read transaction that stays open: the state does not change then
    Reading,
}

fn live(opened: Opened, state: &State) -> Connection {
    let connection = match opened {
        Opened::File | Opened::WalFile => {
            let own = fresh_path("live");
            std::fs::copy(&state.path, &own).unwrap();
            open_with_library(&own)
        }
        Opened::Memory | Opened::MemoryDeserialized => {
            memory::start();
            let connection = Connection::open_in_memory().unwrap();
            if opened == Opened::MemoryDeserialized {
                deserialize(&connection, &state.path).unwrap();
            } else {
                back_up(&connection, &state.path).unwrap();
            }
            authz::register(&connection).unwrap();
            connection
        }
    };
    if opened == Opened::WalFile {
        run(&connection, "PRAGMA journal_mode = WAL");
    }
    connection
}

fn differ(right: &Answers, found: &Answers, when: &str) -> Wrong {
    match right.difference(found) {
        None => Vec::new(),
        Some(Differ::WrongYes(told)) => vec![(Class::WrongYes, format!("{when}: {told}"))],
        Some(Differ::Other(told)) => vec![(Class::WrongAnswer, format!("{when}: {told}"))],
        Some(Differ::Error(told)) => vec![(Class::NoAnswer, format!("{when}: {told}"))],
    }
}

fn ask_within(connection: &Connection, begin: &str, end: &str) -> Answers {
    run(connection, begin);
    let answers = ask(connection);
    run(connection, end);
    answers
}

#[test]
fn nothing_outlives_another_content() {
    campaign("another content of the file", "other_states::nothing_outlives_another_content", |run_cases| {
        let mut number = 0;
        for opened in [Opened::File, Opened::WalFile, Opened::Memory, Opened::MemoryDeserialized] {
            for before in [Before::Read, Before::Autocommit, Before::RolledBack, Before::Reading] {
                for (how, replace) in [("sqlite3_deserialize", deserialize as fn(&Connection, &Path) -> _), ("sqlite3_backup", back_up)] {
                    for (from, to) in [(0, 1), (2, 1), (1, 2), (1, 0)] {
                        number += 1;
                        let is_due = crate::is_full() || (from, to) == (0, 1) || number % 3 == 0;
                        if !is_due || !run_cases.unit() {
                            continue;
                        }
                        let (from, to) = (&STATES[from], &STATES[to]);
                        run_cases.case(
                            how,
                            || format!("{how}: {opened:?}, {before:?} before, from {} to {}", from.name, to.name),
                            || {
                                let connection = live(opened, from);
                                let asked = match before {
                                    Before::Read => ask_within(&connection, "BEGIN", "COMMIT"),
                                    Before::Autocommit => ask(&connection),
                                    Before::RolledBack => ask_within(&connection, "BEGIN; INSERT INTO host_rows VALUES ('x')", "ROLLBACK"),
                                    Before::Reading => ask_within(&connection, "BEGIN", ""),
                                };
                                let mut wrong = differ(&from.answers, &asked, "before");
                                let replaced = replace(&connection, &to.path);
                                let now = if replaced.is_ok() { to } else { from };
                                if before != Before::Reading && opened != Opened::WalFile {
                                    assert_eq!(replaced, Ok(()));
                                }
                                if !connection.is_autocommit() {
                                    wrong.extend(differ(&now.answers, &ask(&connection), "still reading"));
                                    run(&connection, "COMMIT");
                                }
                                wrong.extend(differ(&now.answers, &ask(&connection), "after it, with no transaction"));
                                wrong.extend(differ(&now.answers, &ask_within(&connection, "BEGIN", "COMMIT"), "after it, reading"));
                                let writing = ask_within(&connection, "BEGIN; INSERT INTO host_rows VALUES ('x')", "ROLLBACK");
                                wrong.extend(differ(&now.answers, &writing, "after it, writing"));
                                Some(wrong)
                            },
                        );
                    }
                }
            }
        }
    });
}

/// With a shared cache a connection may read what another has not committed. What is rolled back then never was.
#[test]
fn nothing_outlives_a_rollback_by_another_connection() {
    let test = "other_states::nothing_outlives_a_rollback_by_another_connection";
    campaign("shared cache", test, |run_cases| {
        memory::start();
        for (change, made_by) in &MADE_BY[1..] {
            for (begin, end) in [("", ""), ("BEGIN", "COMMIT")] {
                for asks_before in [false, true] {
                    for (undo, how) in [("ROLLBACK", "ROLLBACK"), ("ROLLBACK TO own; COMMIT", "ROLLBACK TO")] {
                        if !run_cases.unit() {
                            continue;
                        }
                        run_cases.case(
                            "shared cache",
                            || {
                                let before = if asks_before { "asked before, " } else { "" };
                                let within = if begin.is_empty() { "" } else { ", within BEGIN" };
                                format!("{before}{change} seen uncommitted{within}, then {how}")
                            },
                            || {
                                let path = fresh_path("shared");
                                std::fs::copy(&STATES[0].path, &path).unwrap();
                                let open = || {
                                    let connection = Connection::open(format!("file:{}?cache=shared", path.display())).unwrap();
                                    authz::register(&connection).unwrap();
                                    connection
                                };
                                let (writer, reader) = (open(), open());
                                run(&reader, "PRAGMA read_uncommitted = 1");
                                let mut wrong = Vec::new();
                                if asks_before {
                                    wrong.extend(differ(&STATES[0].answers, &ask(&reader), "before"));
                                }
                                run(&writer, "BEGIN; SAVEPOINT own");
                                run(&writer, made_by);
                                let _ = ask_within(&reader, begin, end);
                                run(&writer, undo);
                                wrong.extend(differ(&STATES[0].answers, &ask(&reader), "after it, with no transaction"));
                                wrong.extend(differ(&STATES[0].answers, &ask_within(&reader, "BEGIN", "COMMIT"), "after it, reading"));
                                Some(wrong)
                            },
                        );
                    }
                }
            }
        }
    });
}

/// Rules, events and what is kept are kept up by triggers: without them a function that writes would do half of what it says.
#[test]
fn with_triggers_off_functions_do_not_write() {
    campaign("triggers off", "other_states::with_triggers_off_functions_do_not_write", |run| {
        let turn = |connection: &Connection, on: i32| {
            // SAFETY: the handle is open, and these are the arguments of this verb.
            let code = unsafe {
                ffi::sqlite3_db_config(connection.handle(), ffi::SQLITE_DBCONFIG_ENABLE_TRIGGER, on, std::ptr::null_mut::<i32>())
            };
            assert_eq!(code, ffi::SQLITE_OK);
        };
        for (number, subject) in subjects().iter().filter(|subject| subject.writes() && !subject.is_of_connection()).enumerate() {
            if !crate::is_full() && number % 2 == 1 {
                continue;
            }
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
                        || format!("{} {setting}: triggers are off", subject.call),
                        || {
                            let stage = subject.stage(setting);
                            turn(&stage.connection, 0);
                            let outcome = stage.ask();
                            turn(&stage.connection, 1);
                            let clean = subject.clean(form, false);
                            if outcome.succeeded() && clean.writes {
                                let now = dump(&stage.connection);
                                let told = format!("answered {:?}; {}", outcome.rows, clean.after.difference(&now));
                                return Some(vec![(Class::NotRefused, told)]);
                            }
                            Some(stage.judge(&outcome))
                        },
                    );
                }
            }
        }
    });
}
