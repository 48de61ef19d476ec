//! `relay`: every event to a webhook, in order and at least once.
//!
//! The place in the outbox is that of the consumer in the file, and moves on when the endpoint has taken an event. So a relay may be
//! killed at any moment: the next one sends at most one event twice. A dead endpoint is tried again for ever; what it must never have is
//! passed over with `--skip`.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::events::{Event, acknowledge, next_events};
use super::options::{Database, Outcome};
use super::webhook::Webhook;
use crate::program::failure::Failure;
use crate::program::follow::{Stop, Watch, patiently};
use crate::program::open::open_to_write;

/// How many events are read at once. They are held in memory, and one may be as long as the list of a role's permissions.
const PAGE: i64 = 32;

#[derive(Args)]
pub(crate) struct Relay {
    #[command(flatten)]
    database: Database,
    /// The name under which the file remembers what has been sent
    #[arg(long, value_name = "NAME")]
    consumer: String,
    /// Where to send it: https, or http to this machine itself
    #[arg(long)]
    url: String,
    /// The environment variable that holds the secret to sign with
    #[arg(long, value_name = "VAR")]
    secret_env: String,
    /// The header that carries the signature
    #[arg(long, value_name = "NAME", default_value = "WorkOS-Signature")]
    signature_header: String,
    /// Pass over the event with this number; may be given more than once
    #[arg(long, value_name = "SEQ")]
    skip: Vec<i64>,
    /// How long to wait after a first failed attempt; the wait doubles from one attempt to the next
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    first_wait: Duration,
    /// The longest wait between two attempts
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    longest_wait: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

impl Relay {
    pub(crate) fn run(&self) -> Outcome {
        let secret = match std::env::var(&self.secret_env) {
            Ok(secret) if !secret.is_empty() => secret,
            _ => return Err(Failure(format!("the environment variable `{}` holds no secret; set it", self.secret_env))),
        };
        let webhook = Webhook::new(&self.url, secret, &self.signature_header)?;
        let connection = open_to_write(&self.database.db)?;
        let _held = self.lock()?;
        let stop = Stop::on_signals()?;
        // From here on nothing is pruned that this consumer has not sent.
        patiently(&stop, || acknowledge(&connection, &self.consumer, 0))?;
        let mut watch = Watch::begin(&connection)?;
        let mut line = Line::new(&webhook);
        while !stop.asked() {
            let page = patiently(&stop, || next_events(&connection, &self.consumer, PAGE, None))?;
            if page.is_empty() {
                line.waits();
                watch.wait(&stop)?;
            }
            for event in page {
                if !self.pass_on(&event, &webhook, &stop, &mut line) {
                    break;
                }
                patiently(&stop, || acknowledge(&connection, &self.consumer, event.seq)).map_err(|Failure(why)| {
                    let seq = event.seq;
                    Failure(format!("event {seq} was taken, and the file could not note it: {why}; the next relay sends it again"))
                })?;
            }
        }
        line.ends();
        Ok(ExitCode::SUCCESS)
    }

    /// Sends an event until it is taken; `false` when it is time to end first.
    fn pass_on(&self, event: &Event, webhook: &Webhook, stop: &Stop, line: &mut Line) -> bool {
        if self.skip.contains(&event.seq) {
            line.says(&format!("event {} is skipped", event.seq));
            return true;
        }
        let mut wait = self.first_wait;
        while !stop.asked() {
            let Err(why) = webhook.send(&event.envelope) else {
                line.sent(event.seq);
                return true;
            };
            // Between half of the wait and all of it, so that many relays do not come back at the same moment.
            let jittered = wait.mul_f64(0.5 + fastrand::f64() / 2.0);
            line.says(&format!("event {}: {why}; trying again in {:.1} s", event.seq, jittered.as_secs_f64()));
            stop.wait(jittered);
            wait = wait.saturating_mul(2).min(self.longest_wait);
        }
        false
    }

    /// Makes sure that no other relay serves this consumer of this file. The lock goes when the process does, however it ends.
    fn lock(&self) -> Result<File, Failure> {
        let db = self.database.db.canonicalize()?;
        let path = lock_file(&db, &self.consumer);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| Failure(format!("cannot open `{}`: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Failure(format!(
                "another relay serves the consumer `{}` of `{}`; end it, or choose another name",
                self.consumer,
                db.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Failure(format!("cannot lock `{}`: {error}", path.display()))),
        }
    }
}

/// The file beside the database whose lock a relay holds; a consumer may have a name that no file can have.
fn lock_file(db: &Path, consumer: &str) -> std::path::PathBuf {
    let name: String = Sha256::digest(consumer).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut path = db.as_os_str().to_owned();
    path.push(format!("-relay-{name}.lock"));
    path.into()
}

/// What the relay tells: one line that changes on a terminal, elsewhere a line for what goes wrong.
struct Line {
    bar: ProgressBar,
    host: String,
    sent: u64,
}

impl Line {
    fn new(webhook: &Webhook) -> Line {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Line { bar, host: webhook.host().to_owned(), sent: 0 }
    }

    fn sent(&mut self, seq: i64) {
        self.sent += 1;
        self.bar.set_message(format!("{} events sent to {}, the last was {seq}", self.sent, self.host));
        self.bar.tick();
    }

    fn waits(&self) {
        self.bar.set_message(format!("{} events sent to {}; waiting for more", self.sent, self.host));
        self.bar.tick();
    }

    fn says(&self, sentence: &str) {
        match self.bar.is_hidden() {
            true => eprintln!("authz: {sentence}"),
            false => self.bar.println(format!("authz: {sentence}")),
        }
    }

    fn ends(&self) {
        self.bar.finish_and_clear();
        eprintln!("authz: {} events sent to {}; the file remembers the place", self.sent, self.host);
    }
}
