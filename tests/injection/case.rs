//! Calls with what they are made on: a connection and a file of their own, in one of several settings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use authz::rusqlite::Connection;
use authz::rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use crate::answers::{Answers, ask};
use crate::calls::{CALLS, Call, Form, Kind, REFUSED, STATEMENTS, has_insert_form, run};
use crate::content::{Dump, dump};
use crate::interrupts::counted;
use crate::statement::{Outcome, Prepared};
use crate::tally::Run;
use crate::world::{Base, TAKES_ALL_FROM_ALLOCATOR, base, fresh_path, once, open_with_library};
use crate::{disk, is_full, memory, turn};

/// In which transaction the call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Within {
    Autocommit,
    Begin,
    Savepoint,
}

pub const WITHIN: [Within; 3] = [Within::Autocommit, Within::Begin, Within::Savepoint];

/// How a connection and its file are before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub form: Form,
    pub within: Within,
    /// Whether the call was made on the connection before, and rolled back: its statements are prepared, and what it read is kept
    pub is_warm: bool,
    pub journal: Journal,
    /// Whether the connection keeps so few pages that it reads and writes in the middle of a transaction
    pub is_cramped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    Delete,
    Truncate,
    Wal,
}

impl Setting {
    pub const PLAIN: Setting =
        Setting { form: Form::Select, within: Within::Autocommit, is_warm: false, journal: Journal::Delete, is_cramped: false };
}

impl std::fmt::Display for Setting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} {:?} {:?}", self.form, self.within, self.journal)?;
        write!(out, "{}{}", if self.is_warm { " warm" } else { "" }, if self.is_cramped { " cramped" } else { "" })
    }
}

/// A call with its file, and what it does where nothing fails.
pub struct Subject {
    pub call: &'static Call,
    pub kind: Kind,
    pub values: Vec<Value>,
    pub base: Arc<Base>,
    has_insert: bool,
    clean: Mutex<HashMap<(bool, bool), Arc<Clean>>>,
}

/// What a call does where nothing fails.
#[derive(Serialize, Deserialize)]
pub struct Clean {
    /// Its rows, without what differs from run to run
    pub rows: Vec<String>,
    /// What is in the file then, likewise
    pub after: Dump,
    /// Whether it writes to the file
    pub writes: bool,
    /// What is answered then, once somebody wants to know
    #[serde(skip)]
    answers: OnceLock<Answers>,
    /// How many allocations it takes
    pub allocations: u64,
    /// How many operations on files
    pub operations: u64,
    /// How often a progress handler is asked that wants to be asked at every step
    pub steps: u64,
}

/// All calls, with what they are made on.
pub fn subjects() -> Vec<Arc<Subject>> {
    static ALL: LazyLock<Vec<Arc<Subject>>> = LazyLock::new(|| made(CALLS));
    chosen(&ALL)
}

/// Statements of the host that write to public tables, with what they are made on.
pub fn statements() -> Vec<Arc<Subject>> {
    static ALL: LazyLock<Vec<Arc<Subject>>> = LazyLock::new(|| made(STATEMENTS));
    chosen(&ALL)
}

/// Calls that are refused, with what they are made on.
pub fn refusals() -> Vec<Arc<Subject>> {
    static ALL: LazyLock<Vec<Arc<Subject>>> = LazyLock::new(|| made(REFUSED));
    chosen(&ALL)
}

fn made(calls: &'static [Call]) -> Vec<Arc<Subject>> {
    let mut open: HashMap<PathBuf, Connection> = HashMap::new();
    let subject = |call: &'static Call| {
        let base = base(call);
        let connection = open.entry(base.path.clone()).or_insert_with(|| open_with_library(&base.path));
        Arc::new(Subject::new(call, base, connection))
    };
    calls.iter().map(subject).collect()
}

fn chosen(all: &[Arc<Subject>]) -> Vec<Arc<Subject>> {
    let only = std::env::var("AUTHZ_INJECTION_ONLY").unwrap_or_default();
    all.iter().filter(|subject| subject.call.to_string().contains(&only)).cloned().collect()
}

/// Writing functions and plain statements with the forms and settings to call them in: all in the long run, in the short one each function in one transaction.
pub fn writing(run: &mut Run) -> Vec<(Arc<Subject>, Setting)> {
    let mut all = Vec::new();
    for (number, subject) in subjects().into_iter().filter(|subject| subject.writes()).chain(statements()).enumerate() {
        for form in subject.forms(run) {
            for (place, within) in WITHIN.into_iter().enumerate() {
                for is_warm in [false, true] {
                    let can_be = !is_warm || !subject.is_of_connection();
                    let is_due = number % WITHIN.len() == place && is_warm == (number % 4 < 2 && !subject.is_of_connection());
                    if if is_full() { can_be } else { is_due } {
                        all.push((Arc::clone(&subject), Setting { form, within, is_warm, ..Setting::PLAIN }));
                    }
                }
            }
        }
    }
    all
}

/// Questions with the settings to ask them in, likewise.
pub fn asking() -> Vec<(Arc<Subject>, Setting)> {
    let mut all = Vec::new();
    for (number, subject) in subjects().into_iter().filter(|subject| !subject.writes()).enumerate() {
        for within in [Within::Autocommit, Within::Begin] {
            for is_warm in [false, true] {
                if is_full() || (is_warm, within == Within::Begin) == (number % 2 == 0, number % 4 < 2) {
                    all.push((Arc::clone(&subject), Setting { within, is_warm, ..Setting::PLAIN }));
                }
            }
        }
    }
    all
}

impl Subject {
    /// Whether the call can be made by inserting into `authz_call`.
    pub fn has_insert(&self) -> bool {
        self.has_insert && self.call.has(Form::Insert)
    }

    /// The forms in which a call can be made: both in the long run, one in turn in the short one.
    pub fn forms(&self, run: &mut Run) -> Vec<Form> {
        if !self.call.has(Form::Insert) {
            return vec![Form::Select];
        }
        if !self.has_insert {
            run.passed_over("there is no view authz_call to insert into");
            return vec![Form::Select];
        }
        match is_full() {
            true => vec![Form::Select, Form::Insert],
            false => vec![[Form::Select, Form::Insert][turn(self.call, 2) as usize]],
        }
    }

    fn new(call: &'static Call, base: Arc<Base>, connection: &Connection) -> Subject {
        Subject {
            call,
            kind: call.kind(connection),
            values: call.values(connection),
            base,
            has_insert: has_insert_form(connection),
            clean: Mutex::default(),
        }
    }

    pub fn writes(&self) -> bool {
        matches!(self.kind, Kind::Writes | Kind::Statement)
    }

    /// What the call does where nothing fails.
    pub fn clean(&self, form: Form, is_warm: bool) -> Arc<Clean> {
        let mut known = self.clean.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let clean = known.entry((form == Form::Insert, is_warm)).or_insert_with(|| {
            let without = TAKES_ALL_FROM_ALLOCATOR.load(Ordering::Relaxed);
            let name = format!("clean {} {form:?} {is_warm} {without}", self.call);
            Arc::new(once(&name, || self.make_clean(form, is_warm)))
        });
        Arc::clone(clean)
    }

    fn make_clean(&self, form: Form, is_warm: bool) -> Clean {
        let stage = self.stage_at(fresh_path("clean"), Setting { form, is_warm, ..Setting::PLAIN });
        let prepared = stage.prepare();
        memory::arm(0, false);
        disk::count();
        let (outcome, steps) = counted(&stage.connection, || prepared.run());
        let ((allocations, _), (operations, _)) = (memory::disarm(), disk::disarm());
        assert!(outcome.succeeded(), "{}: {outcome:?}", self.call);
        let after = dump(&stage.connection);
        Clean {
            rows: outcome.steady(self.call),
            writes: after != self.base.before,
            after,
            answers: OnceLock::new(),
            allocations,
            operations: operations.iter().sum(),
            steps,
        }
    }

    /// What is answered after the call, where nothing fails.
    pub fn clean_answers<'a>(&self, clean: &'a Clean, form: Form, is_warm: bool) -> &'a Answers {
        clean.answers.get_or_init(|| {
            let stage = self.stage_at(fresh_path("clean"), Setting { form, is_warm, ..Setting::PLAIN });
            stage.ask();
            ask(&stage.connection)
        })
    }

    pub fn is_refused(&self) -> bool {
        REFUSED.iter().any(|call| std::ptr::eq(call, self.call))
    }

    /// Whether the call changes what the connection does and writes nothing to the file, so that a rollback does not take it back.
    pub fn is_of_connection(&self) -> bool {
        ["authz_limit", "authz_set_actor", "authz_set_now"].contains(&self.call.name)
    }

    /// A file of its own with a connection that is ready for the call.
    pub fn stage(&self, setting: Setting) -> Stage<'_> {
        self.stage_at(fresh_path("case"), setting)
    }

    fn stage_at(&self, path: PathBuf, setting: Setting) -> Stage<'_> {
        std::fs::copy(&self.base.path, &path).unwrap();
        let connection = open_with_library(&path);
        match setting.journal {
            Journal::Delete => {}
            Journal::Truncate => run(&connection, "PRAGMA journal_mode = TRUNCATE"),
            Journal::Wal => run(&connection, "PRAGMA journal_mode = WAL"),
        }
        if setting.is_cramped {
            run(&connection, "PRAGMA cache_size = 10");
        }
        run(&connection, self.call.connection_ready);
        let stage = Stage { subject: self, setting, path, connection };
        if setting.is_warm {
            run(&stage.connection, "BEGIN");
            let outcome = stage.ask();
            assert!(outcome.succeeded(), "{}: {outcome:?}", self.call);
            run(&stage.connection, "ROLLBACK");
        }
        match setting.within {
            Within::Autocommit => {}
            Within::Begin => run(&stage.connection, "BEGIN; INSERT INTO host_rows VALUES ('mine')"),
            Within::Savepoint => run(&stage.connection, "SAVEPOINT host; INSERT INTO host_rows VALUES ('mine')"),
        }
        stage
    }
}

/// A connection that is ready for a call.
pub struct Stage<'a> {
    pub subject: &'a Subject,
    pub setting: Setting,
    pub path: PathBuf,
    pub connection: Connection,
}

impl Stage<'_> {
    pub fn sql(&self) -> String {
        self.subject.call.sql(self.subject.kind, self.setting.form)
    }

    pub fn prepare(&self) -> Prepared {
        Prepared::new(&self.connection, &self.sql(), &self.subject.values)
    }

    /// Makes the call.
    pub fn ask(&self) -> Outcome {
        self.prepare().run()
    }

    pub fn is_autocommit(&self) -> bool {
        self.connection.is_autocommit()
    }
}
