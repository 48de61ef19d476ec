//! `tree`: a resource and what lies in it, drawn.

use std::collections::HashMap;
use std::process::ExitCode;

use authz::rusqlite::params;
use clap::Args;
use serde_json::Value;

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::open::open_to_read;
use crate::program::output::{ask, print, printable};

#[derive(Args)]
pub(crate) struct Tree {
    #[command(flatten)]
    database: Database,
    /// The type of the resource
    resource_type: String,
    /// The id of the resource
    resource_id: String,
    /// How many levels down
    #[arg(long)]
    depth: Option<i64>,
    #[command(flatten)]
    format: Format,
}

impl Tree {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let depth = self.depth.unwrap_or(i64::MAX);
        let answer = ask(&connection, include_str!("../../sql/command/tree.sql"), params![self.resource_type, self.resource_id, depth])?;
        if answer.rows.is_empty() {
            return Err(Failure(format!("no {} `{}` is registered; see authz_put_resource", self.resource_type, self.resource_id)));
        }
        if self.format.json {
            answer.print(true)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut children: HashMap<(String, String), Vec<&Vec<Value>>> = HashMap::new();
        for row in answer.rows.iter().skip(1) {
            children.entry((text(row, 4), text(row, 5))).or_default().push(row);
        }
        // Each with what stands before its own name and before those of its children; drawn from a stack, for trees can be deep.
        let mut open: Vec<(&Vec<Value>, String, String)> =
            answer.rows.iter().take(1).map(|row| (row, String::new(), String::new())).collect();
        while let Some((row, lead, indent)) = open.pop() {
            print(&format!("{lead}{}", described(row)))?;
            let below = children.remove(&(text(row, 1), text(row, 2))).unwrap_or_default();
            for (place, child) in below.into_iter().rev().enumerate() {
                let (branch, under) = if place == 0 { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                open.push((child, format!("{indent}{branch}"), format!("{indent}{under}")));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn text(row: &[Value], column: usize) -> String {
    match row.get(column) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// `document 42 “Design” (2 assignments)`
fn described(row: &[Value]) -> String {
    let name = text(row, 3);
    let name = if name.is_empty() { String::new() } else { format!(" “{}”", printable(&name)) };
    let count = match row.get(6).and_then(Value::as_i64) {
        Some(1) => " (1 assignment)".to_owned(),
        Some(count) if count > 1 => format!(" ({count} assignments)"),
        _ => String::new(),
    };
    format!("{} {}{name}{count}", text(row, 1), printable(&text(row, 2)))
}
