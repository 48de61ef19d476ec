//! `events`: what the outbox holds, and what is written while one looks.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use authz::rusqlite::{Connection, Result, Row, params};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::follow::{Stop, Watch, patiently};
use crate::program::open::{open_to_read, open_to_write};
use crate::program::output::printable;

/// How many events are read at once.
const PAGE: i64 = 100;

/// How much of a payload a table shows.
const MOST_SHOWN: usize = 200;

#[derive(Args)]
pub(crate) struct Events {
    #[command(flatten)]
    database: Database,
    /// Go on with what other processes write, until interrupted
    #[arg(long)]
    follow: bool,
    /// Show what this consumer has not acknowledged, and acknowledge it once it is written out
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// Keep to events with these names, such as role.* or organization.created
    #[arg(long, value_name = "PATTERN", num_args = 1.., value_delimiter = ',')]
    names: Vec<String>,
    #[command(flatten)]
    format: Format,
}

/// An event as it is shown.
pub(crate) struct Event {
    pub(crate) seq: i64,
    created_at: String,
    name: String,
    data: String,
    pub(crate) envelope: String,
}

/// What a consumer has not acknowledged, oldest first, `most` events of these names; `names` is a JSON array of patterns.
pub(crate) fn next_events(connection: &Connection, consumer: &str, most: i64, names: Option<&str>) -> Result<Vec<Event>> {
    let mut statement = connection.prepare(include_str!("../../sql/command/next_events.sql"))?;
    statement.query_map(params![consumer, most, names], event)?.collect()
}

fn event(row: &Row<'_>) -> Result<Event> {
    Ok(Event { seq: row.get(0)?, created_at: row.get(1)?, name: row.get(2)?, data: row.get(3)?, envelope: row.get(4)? })
}

impl Events {
    pub(crate) fn run(&self) -> Outcome {
        let connection = match self.consumer {
            Some(_) => open_to_write(&self.database.db)?,
            None => open_to_read(&self.database.db)?,
        };
        let stop = Stop::on_signals()?;
        let names = (!self.names.is_empty()).then(|| json!(self.names).to_string());
        let mut watch = Watch::begin(&connection)?;
        let (mut position, mut acknowledged, mut any) = (0, None, false);
        while !stop.asked() {
            // Whatever is committed before this is read; what the page leaves out of names is passed over together with it.
            let end = patiently(&stop, || last(&connection))?;
            let page = patiently(&stop, || self.page(&connection, position, names.as_deref()))?;
            let is_last = page.len() < PAGE as usize;
            let reached = page.last().map_or(position, |event| event.seq);
            position = if is_last { reached.max(end) } else { reached };
            any |= !page.is_empty();
            // A reader that went away has not read this page.
            if !page.is_empty() && !self.show(&page)? {
                return Ok(ExitCode::SUCCESS);
            }
            // Where nothing is new nothing is written, or two who follow would wake each other for ever.
            if let Some(consumer) = &self.consumer
                && acknowledged.replace(position) != Some(position)
            {
                patiently(&stop, || acknowledge(&connection, consumer, position)).map_err(|Failure(why)| {
                    Failure(format!(
                        "the events up to {position} were shown, and the file could not note it: {why}; they will be shown again"
                    ))
                })?;
            }
            match (is_last, self.follow) {
                (true, true) => watch.wait(&stop)?,
                (true, false) => break,
                (false, _) => {}
            }
        }
        if !any && !self.follow && !self.format.json {
            crate::program::output::print("(none)")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn page(&self, connection: &Connection, position: i64, names: Option<&str>) -> Result<Vec<Event>> {
        match &self.consumer {
            Some(consumer) => next_events(connection, consumer, PAGE, names),
            None => {
                let mut statement = connection.prepare(include_str!("../../sql/command/events.sql"))?;
                statement.query_map(params![position, PAGE, names], event)?.collect()
            }
        }
    }

    /// Writes a page out; `false` when nobody reads any more.
    fn show(&self, page: &[Event]) -> io::Result<bool> {
        let text = if self.format.json { lines(page) } else { table(page) };
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
        }
    }
}

/// The number of the newest event, 0 where there is none.
fn last(connection: &Connection) -> Result<i64> {
    connection.query_row("SELECT ifnull(max(seq), 0) FROM main.authz_events", [], |row| row.get(0))
}

/// Notes that a consumer has seen everything up to an event.
pub(crate) fn acknowledge(connection: &Connection, consumer: &str, seq: i64) -> Result<()> {
    connection.query_row("SELECT authz_ack(?1, ?2)", params![consumer, seq], |_| Ok(()))
}

/// Each event as its envelope on a line, its number in front.
fn lines(page: &[Event]) -> String {
    page.iter().map(|event| format!("{{\"seq\":{},{}\n", event.seq, event.envelope.strip_prefix('{').unwrap_or_default())).collect()
}

fn table(page: &[Event]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["seq", "created_at", "event", "data"]);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for event in page {
        let data = match event.data.char_indices().nth(MOST_SHOWN) {
            Some((cut, _)) => format!("{}…", event.data.get(..cut).unwrap_or_default()),
            None => event.data.clone(),
        };
        table.add_row([event.seq.to_string(), event.created_at.clone(), event.name.clone(), printable(&data)]);
    }
    format!("{table}\n")
}
