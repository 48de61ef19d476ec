//! Waiting: for other processes to write, for a time to pass, and for the signal to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use authz::rusqlite::{Connection, ErrorCode};
use signal_hook::consts::TERM_SIGNALS;
use signal_hook::flag::{register, register_conditional_shutdown};

use super::failure::Failure;

/// How often it is looked whether somebody has written or the signal has come. A look costs some microseconds.
const INTERVAL: Duration = Duration::from_millis(50);

/// Set when the process has been asked to end.
#[derive(Clone)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Takes SIGTERM, SIGINT and SIGQUIT; a second one ends the process at once.
    pub(crate) fn on_signals() -> Result<Stop, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in TERM_SIGNALS {
            register_conditional_shutdown(*signal, 130, Arc::clone(&asked))?;
            register(*signal, Arc::clone(&asked))?;
        }
        Ok(Stop(asked))
    }

    /// Whether it is time to end.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits for a time, or until the signal comes.
    pub(crate) fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.asked() {
            match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => break,
                left => sleep(left.min(INTERVAL)),
            }
        }
    }
}

/// Sees whether anybody else has committed to a file.
pub(crate) struct Watch<'a> {
    connection: &'a Connection,
    seen: i64,
}

impl<'a> Watch<'a> {
    /// Begins to watch: what is read after this and before [`Watch::changed`] is no older than what it compares with.
    pub(crate) fn begin(connection: &'a Connection) -> Result<Watch<'a>, Failure> {
        let mut watch = Watch { connection, seen: 0 };
        watch.changed()?;
        Ok(watch)
    }

    /// Whether another connection has committed since the last call. What this connection commits itself does not count. While another
    /// holds the file locked, nothing is known yet.
    fn changed(&mut self) -> Result<bool, Failure> {
        match self.connection.query_row("PRAGMA main.data_version", [], |row| row.get(0)) {
            Ok(version) => Ok(std::mem::replace(&mut self.seen, version) != version),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until another connection commits, a time has passed, or the signal comes.
    /// → Whether another connection has committed.
    pub(crate) fn wait_at_most(&mut self, stop: &Stop, time: Duration) -> Result<bool, Failure> {
        let end = Instant::now() + time;
        loop {
            match self.changed()? {
                false if !stop.asked() && Instant::now() < end => sleep(INTERVAL),
                changed => return Ok(changed),
            }
        }
    }

    /// Waits until another connection commits, or the signal comes.
    pub(crate) fn wait(&mut self, stop: &Stop) -> Result<(), Failure> {
        while !stop.asked() && !self.changed()? {
            sleep(INTERVAL);
        }
        Ok(())
    }
}

/// How long is waited between two attempts: a writer that waits for readers keeps new ones out, so it must let them in at times.
const BETWEEN: Duration = Duration::from_secs(1);

/// Does something with the file, again and again while another process holds it locked for long, and says so once.
pub(crate) fn patiently<T>(stop: &Stop, mut work: impl FnMut() -> authz::rusqlite::Result<T>) -> Result<T, Failure> {
    let mut has_said = false;
    loop {
        match work() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && !stop.asked() => {
                if !std::mem::replace(&mut has_said, true) {
                    eprintln!("authz: another program keeps the file locked, or reads it for long; waiting for it");
                }
                stop.wait(BETWEEN);
            }
            done => return Ok(done?),
        }
    }
}
