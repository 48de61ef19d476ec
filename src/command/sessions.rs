//! `sessions`: the newest sign-ins, and how they go while one looks.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use authz::rusqlite::{Connection, params};
use clap::{Args, ValueEnum};

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::follow::{Stop, Watch};
use crate::program::open::open_to_read;
use crate::program::output::{Answer, ask};

/// How often a screen is looked at anew where nobody writes: a session may end by the clock alone.
const TICK: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(crate) struct Sessions {
    #[command(flatten)]
    database: Database,
    /// Only sessions of this status
    #[arg(long)]
    status: Option<Status>,
    /// Only those through this connection
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// Only those of this e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Only those begun since then: a time such as 2027-01-31T12:00, or so long ago, such as 90s, 30m, 2h or 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many rows at the most: what fits a screen
    #[arg(long, default_value_t = 30)]
    limit: i64,
    /// Draw the list anew whenever something changes, until interrupted
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    #[command(flatten)]
    format: Format,
}

/// A status, by the word that stands in the table.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Status {
    InProgress,
    Success,
    Failed,
    TimedOut,
    TestSuccessful,
    TestFailed,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Status::InProgress => "in_progress",
            Status::Success => "success",
            Status::Failed => "failed",
            Status::TimedOut => "timed_out",
            Status::TestSuccessful => "test_successful",
            Status::TestFailed => "test_failed",
        }
    }
}

impl Sessions {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        if !self.watch {
            self.list(&connection)?.print(self.format.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let stop = Stop::on_signals()?;
        let mut watch = Watch::begin(&connection)?;
        let mut drawn = String::new();
        while !stop.asked() {
            let list = self.list(&connection)?;
            let screen = if list.rows.is_empty() { "(none)".to_owned() } else { list.table() };
            if screen != drawn && !draw(&screen)? {
                break;
            }
            drawn = screen;
            watch.wait_at_most(&stop, TICK)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn list(&self, connection: &Connection) -> Result<Answer, Failure> {
        let since = self.since.as_deref().map(|given| since(connection, given)).transpose()?;
        let status = self.status.map(Status::word);
        ask(connection, include_str!("../../sql/command/sessions.sql"), params![status, self.connection, self.email, since, self.limit])
    }
}

/// The time that is meant, as it is written in the tables.
fn since(connection: &Connection, given: &str) -> Result<String, Failure> {
    let unit = |unit: &str| match unit {
        "s" => Some("seconds"),
        "m" => Some("minutes"),
        "h" => Some("hours"),
        "d" => Some("days"),
        _ => None,
    };
    let ago = given.split_at_checked(given.len().saturating_sub(1)).and_then(|(count, last)| {
        let (count, unit) = (count.parse::<u32>().ok()?, unit(last)?);
        Some(format!("-{count} {unit}"))
    });
    let time = if ago.is_some() { "now" } else { given };
    let found: Option<String> = connection.query_row(include_str!("../../sql/command/since.sql"), params![time, ago], |row| row.get(0))?;
    found.ok_or_else(|| {
        Failure(format!("`{given}` is neither a time such as 2027-01-31T12:00 nor so long ago, such as 30m; give one of them"))
    })
}

/// Shows a screen in the place of the one before; `false` when nobody reads any more.
fn draw(screen: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    // Home, and clear what was there.
    let begin = if out.is_terminal() { "\u{1b}[H\u{1b}[2J" } else { "" };
    match writeln!(out, "{begin}{screen}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true),
    }
}
