//! `session`: one session as a timeline, for whoever has to find out what happened.

use std::process::ExitCode;

use authz::rusqlite::params;
use clap::Args;
use serde_json::{Map, Value};

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::open::open_to_read;
use crate::program::output::{ask, print, printable};

#[derive(Args)]
pub(crate) struct Session {
    #[command(flatten)]
    database: Database,
    /// The id of a sign-in, or of a session of the application
    id: String,
    #[command(flatten)]
    format: Format,
}

/// A row, by the names of its columns.
struct Row(Map<String, Value>);

impl Row {
    fn text(&self, column: &str) -> Option<String> {
        match self.0.get(column) {
            Some(Value::String(text)) => Some(printable(text)),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        }
    }

    fn or(&self, column: &str, otherwise: &str) -> String {
        self.text(column).unwrap_or_else(|| otherwise.to_owned())
    }

    /// A line of the timeline: how long after the start, when, what.
    fn step(&self, after: &str, at: &str, what: &str) -> String {
        let seconds = self.0.get(after).and_then(Value::as_f64).unwrap_or_default();
        format!("{:>12}  {}  {what}", format!("+{seconds:.3} s"), self.or(at, "?"))
    }

    /// What was sent, pretty-printed under a line of the timeline.
    fn sent(&self, column: &str) -> Vec<String> {
        let Some(Value::String(stored)) = self.0.get(column) else { return Vec::new() };
        let pretty = serde_json::from_str::<Value>(stored).and_then(|value| serde_json::to_string_pretty(&value));
        let shown = pretty.as_deref().unwrap_or(stored);
        std::iter::once(format!("{:14}{column}:", "")).chain(shown.lines().map(|line| format!("{:16}{}", "", printable(line)))).collect()
    }
}

impl Session {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        for (sql, lines) in [
            (include_str!("../../sql/command/session.sql"), sign_in as fn(&Row) -> Vec<String>),
            (include_str!("../../sql/command/application_session.sql"), of_application),
        ] {
            let Value::Array(rows) = ask(&connection, sql, params![self.id])?.objects() else { continue };
            let Some(Value::Object(row)) = rows.into_iter().next() else { continue };
            match self.format.json {
                true => print(&Value::Object(opened(row)).to_string())?,
                false => print(&lines(&Row(row)).join("\n"))?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        Err(Failure(format!("there is no session `{}`; `authz sessions` lists the newest sign-ins", printable(&self.id))))
    }
}

/// The row with what is JSON in it as JSON.
fn opened(mut row: Map<String, Value>) -> Map<String, Value> {
    for column in ["request", "response", "impersonator"] {
        if let Some(cell) = row.get_mut(column)
            && let Some(value) = cell.as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            *cell = value;
        }
    }
    row
}

fn sign_in(row: &Row) -> Vec<String> {
    let connection = match (row.text("connection_name"), row.text("connection_type")) {
        (Some(name), Some(kind)) => format!("“{name}”, {kind}"),
        (None, Some(kind)) => kind,
        (_, None) => "deleted".to_owned(),
    };
    let mut lines = vec![
        format!("{}: {}", row.or("id", "?"), row.or("status", "?").replace('_', " ")),
        format!("  connection    {} ({connection}) of organization {}", row.or("connection", "?"), row.or("organization", "?")),
        format!("  person        {}, user {}", row.or("email", "no e-mail address yet"), row.or("user", "not known yet")),
        format!("  client        {}, {}", row.or("ip_address", "no address"), row.or("user_agent", "no user agent")),
        String::new(),
    ];
    let begun = match row.text("origin").as_deref() {
        Some("idp") => "started at the identity provider",
        Some("test") => "started as a test",
        _ => "started at the application",
    };
    lines.push(row.step("", "started_at", begun));
    lines.extend(row.sent("request"));
    let status = row.or("status", "?");
    match (row.text("ended_at"), row.text("expires_at")) {
        (Some(_), _) => {
            let how = match status.as_str() {
                "success" | "test_successful" => format!("succeeded as {}", row.or("email", "?")),
                "timed_out" => "timed out".to_owned(),
                _ => format!("failed: {} ({})", row.or("error_message", "?"), row.or("error_code", "?")),
            };
            lines.push(row.step("ended_after", "ended_at", &how));
            lines.extend(row.sent("response"));
        }
        (None, Some(_)) => lines.push(row.step("expires_after", "expires_at", "will have timed out, unless it is completed before")),
        (None, None) => lines.push(format!("{:14}in progress: a test never times out", "")),
    }
    if let Some(code) = row.text("error_code") {
        lines.push(String::new());
        match row.text("error_description") {
            Some(description) => lines.push(format!("  {code}: {description}")),
            None => lines.push(format!("  {code}: a code of the identity provider's or the application's own")),
        }
        lines.push(format!(
            "  Next: {}",
            row.or("next_step", "Look at the response above, and at the log of the identity provider for that time.")
        ));
    }
    lines
}

fn of_application(row: &Row) -> Vec<String> {
    let mut lines = vec![
        format!("{}: {}", row.or("id", "?"), row.or("status", "?")),
        format!("  user          {} in organization {}", row.or("user", "?"), row.or("organization", "(none)")),
        format!("  client        {}, {}", row.or("ip_address", "no address"), row.or("user_agent", "no user agent")),
    ];
    if let Some(impersonator) = row.text("impersonator") {
        lines.push(format!("  impersonator  {impersonator}"));
    }
    lines.push(String::new());
    lines.push(row.step("", "created_at", &format!("started by {}", row.or("auth_method", "?"))));
    if row.text("last_active_at") != row.text("created_at") {
        lines.push(row.step("active_after", "last_active_at", "was used last"));
    }
    match row.text("ended_at") {
        Some(_) => lines.push(row.step("ended_after", "ended_at", &row.or("status", "?"))),
        None => lines.push(row.step("expires_after", "expires_at", "will have expired, at the latest")),
    }
    lines
}
