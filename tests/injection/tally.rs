//! What came of the cases of one kind, and which failures are known.
//!
//! The cases of a kind are tried in a process of their own, so that one that ends the process is a failure like any other: the next process
//! goes on behind it. It writes a log, a line for each case before it is tried and a line for each thing that was wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use crate::world::{FOLDER, HERE};

/// What can be wrong after a call under which something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The process ended
    Crash,
    /// The connection cannot be asked what it holds any more
    Unusable,
    /// A yes that a fresh connection answers with no
    WrongYes,
    /// Another answer than that of a fresh connection
    WrongAnswer,
    /// No answer where a fresh connection answers
    NoAnswer,
    /// The call failed, and the connection stands in a transaction that nobody has begun
    TransactionLeftOpen,
    /// The connection is in no transaction, or in one that nobody has begun, and others cannot write
    LockKept,
    /// The call failed, and a part of it is in the file
    LeftBehind,
    /// The call failed, and all of it is in the file
    DoneAllTheSame,
    /// The transaction of the host goes on, and the row that the host wrote in it is gone
    HostsRowLost,
    /// The transaction of the host, or its savepoint, cannot be ended as the host would
    HostCannotEnd,
    /// A row of `_authz_call` stays
    CallLeftOpen,
    /// `PRAGMA integrity_check` finds something
    Damaged,
    /// The same call, with nothing failing, fails, or does something else than before
    NotRepeatable,
    /// The call succeeded, and only a part of it is in the file
    HalfWritten,
    /// The call succeeded, and nothing of it is in the file
    NothingWritten,
    /// The call succeeded with another answer than it has to give
    WrongResult,
    /// The call was not refused, or not for what it has to be refused for
    NotRefused,
}

const CLASSES: [Class; 18] = [
    Class::Crash,
    Class::Unusable,
    Class::WrongYes,
    Class::WrongAnswer,
    Class::NoAnswer,
    Class::TransactionLeftOpen,
    Class::LockKept,
    Class::LeftBehind,
    Class::DoneAllTheSame,
    Class::HostsRowLost,
    Class::HostCannotEnd,
    Class::CallLeftOpen,
    Class::Damaged,
    Class::NotRepeatable,
    Class::HalfWritten,
    Class::NothingWritten,
    Class::WrongResult,
    Class::NotRefused,
];

/// Kinds of cases with the failures that are known: to be emptied. A kind may fail in the ways that stand here and in no other.
const KNOWN: &[(&str, &[Class])] = &[];

/// What a case found wrong, each with a remark.
pub type Wrong = Vec<(Class, String)>;

const LOG: &str = "AUTHZ_INJECTION_LOG";
const FROM: &str = "AUTHZ_INJECTION_FROM";

/// Tries the cases of a kind, all that `cases` makes, and fails where something is wrong that is not known. `test` is the name of the test
/// that calls this.
pub fn campaign(kind: &str, test: &str, cases: impl Fn(&mut Run)) {
    if let Ok(log) = std::env::var(LOG) {
        let from = std::env::var(FROM).unwrap();
        let (unit, place) = from.split_once(' ').unwrap();
        let log = File::options().append(true).create(true).open(log).unwrap();
        let mut run = Run { log, from: (unit.parse().unwrap(), place.parse().unwrap()), unit: 0, place: 0 };
        cases(&mut run);
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (log, told) = (folder.join(format!("{kind}.log")), folder.join(format!("{kind}.stderr")));
    let _ = std::fs::remove_file(&log);
    let mut from = "0 0".to_owned();
    // What all of them need is made once.
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| drop((crate::case::subjects(), crate::case::statements())));
    let begun = Instant::now();
    let tally = loop {
        let ended = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(LOG, &log)
            .env(FROM, &from)
            .env(FOLDER, &*HERE)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&told).unwrap())
            .status()
            .unwrap();
        let tally = Tally::read(&log);
        if ended.success() {
            break tally;
        }
        let said = || std::fs::read_to_string(&told).unwrap_or_default();
        assert!(ended.code() != Some(101), "the test itself fails after `{}`: {}", tally.last.label, said());
        assert!(tally.last.is_open, "the process ended, and not within a case: {}", said());
        let mut log = File::options().append(true).open(&log).unwrap();
        let end: String = said().lines().rev().take(3).collect::<Vec<_>>().join(" / ");
        writeln!(log, "wrong\t{:?}\t{ended}: {}", Class::Crash, line(&end)).unwrap();
        from = tally.last.place;
    };
    tally.finish(kind, begun.elapsed());
}

/// A text on one line.
fn line(text: &str) -> String {
    text.replace(['\n', '\t', '\r'], " ")
}

/// The cases that this process tries.
pub struct Run {
    log: File,
    /// After which case of which unit it begins
    from: (usize, usize),
    unit: usize,
    place: usize,
}

impl Run {
    /// Begins the next unit, cases that belong together; `false` where all of it was tried before.
    pub fn unit(&mut self) -> bool {
        self.unit += 1;
        self.place = 0;
        self.unit >= self.from.0
    }

    /// Tries a case: the function that is called, what is done to it, and what finds out what is wrong, or that nothing was done at all.
    pub fn case(&mut self, name: &str, label: impl Fn() -> String, case: impl FnOnce() -> Option<Wrong>) {
        self.place += 1;
        if (self.unit, self.place) <= self.from {
            return;
        }
        writeln!(self.log, "case\t{} {}\t{name}\t{}", self.unit, self.place, line(&label())).unwrap();
        let wrong = match catch_unwind(AssertUnwindSafe(case)) {
            Ok(wrong) => wrong,
            Err(panic) => {
                let told = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                Some(vec![(Class::Unusable, told.unwrap_or_default())])
            }
        };
        let Some(wrong) = wrong else {
            writeln!(self.log, "void").unwrap();
            return;
        };
        for (class, told) in wrong {
            writeln!(self.log, "wrong\t{class:?}\t{}", line(&told)).unwrap();
        }
        writeln!(self.log, "end").unwrap();
    }

    /// A case that cannot be tried, and why.
    pub fn passed_over(&mut self, why: &str) {
        writeln!(self.log, "passed over\t{why}").unwrap();
    }
}

/// What a log says.
#[derive(Default)]
struct Tally {
    cases: u64,
    failed: u64,
    passed_over: BTreeMap<String, u64>,
    classes: BTreeMap<Class, Found>,
    last: Last,
}

/// The last case of a log.
#[derive(Default)]
struct Last {
    place: String,
    name: String,
    label: String,
    /// Whether it has begun and not ended
    is_open: bool,
    has_failed: bool,
}

struct Found {
    count: u64,
    calls: BTreeSet<String>,
    first: String,
}

impl Tally {
    fn read(log: &PathBuf) -> Tally {
        let mut tally = Tally::default();
        for line in std::fs::read_to_string(log).unwrap_or_default().lines() {
            let mut words = line.splitn(4, '\t');
            let mut next = || words.next().unwrap_or_default().to_owned();
            match next().as_str() {
                "case" => {
                    tally.cases += 1;
                    tally.last = Last { place: next(), name: next(), label: next(), is_open: true, has_failed: false };
                }
                "void" => {
                    tally.cases -= 1;
                    tally.last.is_open = false;
                }
                "end" => tally.last.is_open = false,
                "wrong" => {
                    let (class, told) = (next(), next());
                    let class = CLASSES.into_iter().find(|known| format!("{known:?}") == class).unwrap();
                    tally.failed += u64::from(!tally.last.has_failed);
                    tally.last.has_failed = true;
                    let first = format!("{}\n      {told}", tally.last.label);
                    let found = tally.classes.entry(class).or_insert_with(|| Found { count: 0, calls: BTreeSet::new(), first });
                    found.count += 1;
                    found.calls.insert(tally.last.name.clone());
                }
                _ => *tally.passed_over.entry(next()).or_default() += 1,
            }
        }
        tally
    }

    /// Says what was found, and fails where it is not known.
    fn finish(self, kind: &str, passed: Duration) {
        let known = KNOWN.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, classes)| classes);
        let mut report = format!("{kind}: {} cases, {} fail, {} s\n", self.cases, self.failed, passed.as_secs());
        for (why, count) in &self.passed_over {
            report.push_str(&format!("  passed over {count} times: {why}\n"));
        }
        for (class, found) in &self.classes {
            let calls: Vec<&str> = found.calls.iter().map(String::as_str).collect();
            report.push_str(&format!(
                "  {class:?}{}: {} cases of {} functions\n      {}\n      {}\n",
                if known.contains(class) { " (known)" } else { "" },
                found.count,
                calls.len(),
                found.first,
                calls.join(" ")
            ));
        }
        for class in known.iter().filter(|class| !self.classes.contains_key(class)) {
            report.push_str(&format!("  {class:?} is known and did not occur: where the long run has none either, take it off the list\n"));
        }
        let _ = writeln!(std::io::stderr().lock(), "{report}");
        let _ = std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind}.txt")), &report);
        assert!(self.cases > 0 || !self.passed_over.is_empty(), "{kind}: nothing was tried");
        let unknown: Vec<&Class> = self.classes.keys().filter(|class| !known.contains(class)).collect();
        assert!(unknown.is_empty(), "{unknown:?}\n{report}");
    }
}
