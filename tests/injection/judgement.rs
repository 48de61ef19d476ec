//! What must hold after a call under which something failed.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authz::rusqlite::{Connection, ffi};

use crate::answers::{Answers, Differ, ask};
use crate::calls::{Form, run};
use crate::case::{Clean, Journal, Stage, Within};
use crate::content::dump;
use crate::is_full;
use crate::statement::Outcome;
use crate::tally::{Class, Wrong};
use crate::world::open;

impl Stage<'_> {
    /// What is wrong after a call under which something failed.
    pub fn judge(self, outcome: &Outcome) -> Wrong {
        let mut wrong = Vec::new();
        match outcome.succeeded() {
            true => self.complete(outcome, &mut wrong),
            false => self.undone(outcome, &mut wrong),
        }
        wrong
    }

    /// The same where something was not refused but passed over: then a function may also say that nothing has changed, and nothing has.
    pub fn judge_passed_over(self, outcome: &Outcome) -> Wrong {
        if !outcome.succeeded() || outcome.rows != ["0"] || dump(&self.connection) != self.subject.base.before {
            return self.judge(outcome);
        }
        let mut wrong = Vec::new();
        if self.as_before(outcome, "answered 0", &mut wrong).is_some() {
            self.end_of_host(&mut wrong);
            self.is_free(&mut wrong);
        }
        wrong
    }

    fn clean(&self) -> Arc<Clean> {
        self.subject.clean(self.setting.form, self.setting.is_warm)
    }

    fn host_rows(&self, connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM main.host_rows WHERE value = 'mine'", [], |row| row.get(0)).unwrap()
    }

    /// Something failed, and the call succeeded all the same: so all of it must be there.
    fn complete(&self, outcome: &Outcome, wrong: &mut Wrong) {
        let clean = self.clean();
        let told = || format!("answered {:?}", outcome.rows.iter().map(|row| row.chars().take(80).collect()).collect::<Vec<String>>());
        if self.is_autocommit() != (self.setting.within == Within::Autocommit) {
            wrong.push((Class::TransactionLeftOpen, format!("autocommit is {} after a success", self.is_autocommit())));
        }
        if outcome.steady(self.subject.call) != clean.rows {
            wrong.push((Class::WrongResult, format!("{} instead of {:?}", told(), clean.rows)));
        }
        self.is_complete(&clean, true, &told(), wrong);
        self.end_of_host(wrong);
        self.is_free(wrong);
    }

    /// All of the call is there; the other questions are asked where `asks` says so.
    fn is_complete(&self, clean: &Clean, asks: bool, told: &str, wrong: &mut Wrong) {
        let after = dump(&self.connection);
        if !clean.after.is_like(&after) {
            let class = if after == self.subject.base.before { Class::NothingWritten } else { Class::HalfWritten };
            wrong.push((class, format!("{told}; {}", clean.after.difference(&after))));
        } else if asks {
            self.answers_like(self.subject.clean_answers(clean, self.setting.form, self.setting.is_warm), wrong);
        }
        if asks {
            self.is_whole(wrong);
        }
    }

    /// The host ends its transaction as it would, and its row is there.
    fn end_of_host(&self, wrong: &mut Wrong) {
        if !self.is_autocommit() {
            let end = if self.setting.within == Within::Savepoint { "RELEASE host" } else { "COMMIT" };
            if let Err(error) = self.connection.execute_batch(end) {
                wrong.push((Class::HostCannotEnd, format!("{end}: {error}")));
                let _ = self.connection.execute_batch("ROLLBACK");
                return;
            }
            if !self.is_autocommit() {
                wrong.push((Class::HostCannotEnd, format!("{end} has ended nothing")));
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
    }

    /// The call failed: so nothing of it must be there, and everything must go on.
    fn undone(&self, outcome: &Outcome, wrong: &mut Wrong) {
        let told = told(outcome);
        let Some(has_hosts_row) = self.as_before(outcome, &told, wrong) else { return };
        if !wrong.is_empty() {
            // What comes now would fail for what is wrong already.
            return;
        }
        let is_thorough = is_thorough();
        let clean = self.clean();
        let again = self.ask();
        // What belongs to the connection is no part of a statement: it may be done already.
        let answers_the_same = again.steady(self.subject.call) == clean.rows || self.subject.is_of_connection();
        if !again.succeeded() || !answers_the_same {
            wrong.push((Class::NotRepeatable, format!("{told}; again: {again:?} instead of {:?}", clean.rows)));
            return;
        }
        let mut half = Vec::new();
        self.is_complete(&clean, is_thorough, &told, &mut half);
        wrong.extend(half.into_iter().map(|(class, detail)| match class {
            Class::NothingWritten | Class::HalfWritten => (Class::NotRepeatable, detail),
            class => (class, detail),
        }));
        self.end_of_host(wrong);
        self.is_free(wrong);
        if self.host_rows(&self.connection) != i64::from(has_hosts_row) {
            wrong.push((Class::HostsRowLost, format!("{told}; gone after the end")));
        }
        if is_thorough && !clean.after.is_like(&dump(&open(&self.path))) {
            wrong.push((Class::NotRepeatable, format!("{told}; a fresh connection sees something else")));
        }
    }

    /// What is wrong after a call that was refused, with nothing that failed.
    pub fn judge_refusal(self, outcome: &Outcome) -> Wrong {
        let mut wrong = Vec::new();
        if outcome.succeeded() {
            wrong.push((Class::NotRefused, format!("answered {:?}", outcome.rows)));
        }
        if self.as_before(outcome, &told(outcome), &mut wrong).is_some() {
            self.end_of_host(&mut wrong);
            self.is_free(&mut wrong);
        }
        wrong
    }

    /// Everything is as it was before the call: in the file, in the transaction of the host, and in what is answered. Whether the host's row
    /// is still there; `None` where the connection cannot go on.
    fn as_before(&self, outcome: &Outcome, told: &str, wrong: &mut Wrong) -> Option<bool> {
        let within = self.setting.within;
        if within == Within::Autocommit && !self.is_autocommit() {
            wrong.push((Class::TransactionLeftOpen, told.to_owned()));
            if !self.others_can_write() {
                wrong.push((Class::LockKept, told.to_owned()));
            }
            if let Err(error) = self.connection.execute_batch("ROLLBACK") {
                wrong.push((Class::HostCannotEnd, format!("{told}; ROLLBACK: {error}")));
                return None;
            }
        }
        let goes_on = within != Within::Autocommit && !self.is_autocommit();
        self.is_free(wrong);
        if goes_on && self.host_rows(&self.connection) != 1 {
            wrong.push((Class::HostsRowLost, told.to_owned()));
        }
        let now = dump(&self.connection);
        if now == self.subject.base.before {
            self.answers_like(&self.subject.base.answers, wrong);
        } else if self.subject.is_refused() || !self.clean().after.is_like(&now) {
            wrong.push((Class::LeftBehind, format!("{told}; {}", self.subject.base.before.difference(&now))));
        } else if self.setting.form == Form::Insert
            || self.subject.call.is_statement()
            || ![ffi::SQLITE_INTERRUPT, ffi::SQLITE_NOMEM].contains(&(outcome.code & 0xff))
        {
            wrong.push((Class::DoneAllTheSame, told.to_owned()));
        } else {
            // The SELECT around a call is a statement of its own: what ends it after the work is done leaves the work. INSERT is without this.
            return None;
        }
        self.is_whole(wrong);
        if within == Within::Savepoint && goes_on {
            if let Err(error) = self.connection.execute_batch("ROLLBACK TO host") {
                wrong.push((Class::HostCannotEnd, format!("{told}; ROLLBACK TO host: {error}")));
                return None;
            }
            run(&self.connection, "INSERT INTO host_rows VALUES ('mine')");
        }
        Some(goes_on)
    }

    fn others_can_write(&self) -> bool {
        others_can_write(&self.path, self.setting.journal)
    }

    /// Whoever is in no transaction is in nobody's way.
    fn is_free(&self, wrong: &mut Wrong) {
        if self.is_autocommit() && !self.others_can_write() {
            wrong.push((Class::LockKept, "autocommit is on".into()));
        }
    }

    fn is_whole(&self, wrong: &mut Wrong) {
        let found: Result<String, _> = self.connection.query_row("PRAGMA main.integrity_check", [], |row| row.get(0));
        if found.as_deref() != Ok("ok") {
            wrong.push((Class::Damaged, format!("{found:?}")));
        }
        let open = self.connection.query_row("SELECT count(*) FROM main._authz_call", [], |row| row.get::<_, i64>(0));
        if open.is_ok_and(|count| count != 0) {
            wrong.push((Class::CallLeftOpen, String::new()));
        }
    }

    fn answers_like(&self, right: &Answers, wrong: &mut Wrong) {
        match right.difference(&ask(&self.connection)) {
            None => {}
            Some(Differ::WrongYes(told)) => wrong.push((Class::WrongYes, told)),
            Some(Differ::Other(told)) => wrong.push((Class::WrongAnswer, told)),
            Some(Differ::Error(told)) => wrong.push((Class::NoAnswer, told)),
        }
    }
}

fn told(outcome: &Outcome) -> String {
    format!("failed with {} {:?}", outcome.code, outcome.message.chars().take(160).collect::<String>())
}

/// Whether another connection can write at once, and nobody reads.
pub fn others_can_write(path: &Path, journal: Journal) -> bool {
    let other = Connection::open(path).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    if other.execute_batch("BEGIN EXCLUSIVE; ROLLBACK").is_err() {
        return false;
    }
    // In WAL mode whoever reads is in nobody's way but that of a checkpoint.
    let none = std::ptr::null_mut();
    // SAFETY: the handle is open, and no numbers are asked for.
    journal != Journal::Wal
        || unsafe {
            ffi::sqlite3_wal_checkpoint_v2(other.handle(), std::ptr::null(), ffi::SQLITE_CHECKPOINT_TRUNCATE, none, none) == ffi::SQLITE_OK
        }
}

/// Whether a case is looked at more closely than most: in the long run all are.
fn is_thorough() -> bool {
    thread_local! {
        static CASES: Cell<u64> = const { Cell::new(0) };
    }
    CASES.set(CASES.get() + 1);
    is_full() || CASES.get().is_multiple_of(4)
}
