//! Tables for people, JSON for programs.

use std::io::{self, IsTerminal, Write};

use authz::rusqlite::types::ValueRef;
use authz::rusqlite::{Connection, Params};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value};

use super::failure::Failure;

/// The answer to a statement: column names and rows.
pub(crate) struct Answer {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Runs a statement and takes in all of its rows.
pub(crate) fn ask(connection: &Connection, sql: &str, parameters: impl Params) -> Result<Answer, Failure> {
    let mut statement = connection.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut found = statement.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let cells = (0..columns.len()).map(|index| Ok(json(row.get_ref(index)?)));
        rows.push(cells.collect::<Result<Vec<_>, Failure>>()?);
    }
    Ok(Answer { columns, rows })
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
    }
}

impl Answer {
    /// As a table.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(&self.columns);
        if io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        for row in &self.rows {
            table.add_row(row.iter().map(text));
        }
        table.to_string()
    }

    /// As an array of objects.
    pub(crate) fn objects(&self) -> Value {
        let object = |row: &Vec<Value>| Value::Object(self.columns.iter().cloned().zip(row.iter().cloned()).collect::<Map<_, _>>());
        self.rows.iter().map(object).collect()
    }

    /// Prints the rows: as JSON where that is asked for, else as a table with a count.
    pub(crate) fn print(&self, as_json: bool) -> Result<(), Failure> {
        if as_json {
            return print(&self.objects().to_string());
        }
        if self.rows.is_empty() {
            return print("(none)");
        }
        print(&self.table())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// Text from the file as it may go to a terminal: control characters are shown, not obeyed.
pub(crate) fn printable(text: &str) -> String {
    let is_shown = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().flat_map(|c| if is_shown(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// Prints a line. A reader that went away, as `head` does, is no failure.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
