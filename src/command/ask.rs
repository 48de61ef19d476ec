//! `check`, `explain`, `list-resources`, `list-subjects`.

use std::process::ExitCode;

use authz::rusqlite::{Connection, params};
use clap::Args;
use serde_json::{Value, json};

use super::options::{Database, Format, Outcome};
use crate::program::failure::Failure;
use crate::program::open::open_to_read;
use crate::program::output::{ask, print, printable};

#[derive(Args)]
pub(crate) struct Question {
    #[command(flatten)]
    database: Database,
    /// Who, such as user:ana
    subject: String,
    /// What, such as document:read
    permission: String,
    /// The type of the resource
    resource_type: String,
    /// The id of the resource
    resource_id: String,
    #[command(flatten)]
    format: Format,
}

impl Question {
    pub(crate) fn check(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let allowed: bool = self.answer(&connection, "SELECT authz_check(?1, ?2, ?3, ?4)")?;
        match self.format.json {
            true => print(&json!({"allowed": allowed}).to_string())?,
            false => print(if allowed { "yes" } else { "no" })?,
        }
        Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    pub(crate) fn explain(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let explanation: String = self.answer(&connection, "SELECT authz_explain(?1, ?2, ?3, ?4)")?;
        if self.format.json {
            print(&explanation)?;
        } else {
            // A tree that is too deep to be read as JSON is printed as it is.
            let lines = serde_json::from_str(&explanation).map_or_else(|_| vec![explanation], |parsed| in_words(&parsed));
            for line in lines {
                print(&printable(&line))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn answer<T: authz::rusqlite::types::FromSql>(&self, connection: &Connection, sql: &str) -> Result<T, Failure> {
        let arguments = params![self.subject, self.permission, self.resource_type, self.resource_id];
        Ok(connection.query_row(sql, arguments, |row| row.get(0))?)
    }
}

/// What stands at a place in a JSON value, null where nothing does.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// What stands there as a word.
fn word(value: &Value, pointer: &str) -> String {
    let found = at(value, pointer);
    found.as_str().map_or_else(|| found.to_string(), str::to_owned)
}

/// The items of the array that stands there.
fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map_or(&[], Vec::as_slice)
}

/// The type and id of a resource.
fn place(value: &Value, pointer: &str) -> String {
    let resource = at(value, pointer);
    format!("{} {}", word(resource, "/type"), word(resource, "/id"))
}

/// An explanation as lines to read.
pub(crate) fn in_words(explanation: &Value) -> Vec<String> {
    let verb = if at(explanation, "/allowed") == &Value::Bool(true) { "has" } else { "lacks" };
    let (subject, permission) = (word(explanation, "/subject"), word(explanation, "/permission"));
    let mut lines = vec![format!("{subject} {verb} {permission} on {}", place(explanation, "/resource"))];
    if let Some(reason) = at(explanation, "/reason").as_str() {
        lines.push(format!("  {reason}"));
    }
    if let Some(because) = explanation.get("because") {
        for group in items(because, "/groups") {
            lines.push(format!("  is a member of {}", word(group, "")));
        }
        let until = at(because, "/assignment/expires_at").as_str().map_or_else(String::new, |time| format!(" until {time}"));
        lines.push(format!("  holds the role {} on {}{until}", word(because, "/role"), place(because, "/held_on")));
        for below in items(because, "/path").iter().skip(1) {
            lines.push(format!("  which holds {}", place(below, "")));
        }
    }
    for step in items(explanation, "/looked_at/resources") {
        let held = items(step, "/roles_held").iter().map(|held| match at(held, "/expired_at").as_str() {
            Some(time) => format!("{}, which expired at {time}", word(held, "/role")),
            None => word(held, "/role"),
        });
        let held: Vec<String> = held.collect();
        let held = if held.is_empty() { "no role".to_owned() } else { held.join("; ") };
        lines.push(format!("  on {}: {held}", place(step, "/resource")));
    }
    for missing in items(explanation, "/missing") {
        let roles: Vec<String> = items(missing, "/any_of_roles").iter().map(|role| word(role, "")).collect();
        lines.push(format!("  would do: {} on {}", roles.join(" or "), place(missing, "/on")));
    }
    if let Some(tree) = explanation.get("tree") {
        add_branch(&mut lines, tree, 1);
    }
    lines
}

/// The lines of a part of the tree: which relation holds by which branch of its rule, or what was looked at.
fn add_branch(lines: &mut Vec<String>, branch: &Value, depth: usize) {
    let Some(fields) = branch.as_object() else { return };
    let mut depth = depth;
    let indented = |depth: usize, line: String| format!("{}{line}", "  ".repeat(depth));
    if let Some(relation) = fields.get("relation") {
        let verb = if at(branch, "/holds") == &Value::Bool(true) { "holds" } else { "does not hold" };
        let rule = fields.get("rule").and_then(Value::as_str).map_or_else(String::new, |rule| format!(", defined as {rule}"));
        lines.push(indented(depth, format!("{} on {} {verb}{rule}", word(relation, ""), place(branch, "/resource"))));
        depth += 1;
    }
    for (field, value) in fields {
        let line = match (field.as_str(), value) {
            ("relation" | "resource" | "holds" | "rule", _) => continue,
            ("relationship", Value::Null) => "no relationship".to_owned(),
            ("relationship", subject) => format!("by the relationship of {}", word(subject, "")),
            ("expired", subject) => format!("the relationship of {} has expired", word(subject, "")),
            ("excluded_by", _) => "excluded by:".to_owned(),
            ("missing_from", _) => "this part is missing:".to_owned(),
            (_, Value::Array(inner)) => {
                inner.iter().for_each(|inner| add_branch(lines, inner, depth));
                continue;
            }
            (_, Value::Object(_)) => {
                add_branch(lines, value, depth);
                continue;
            }
            (_, Value::Bool(true)) => field.replace('_', " "),
            (_, value) => format!("{} {}", field.replace('_', " "), word(value, "")),
        };
        lines.push(indented(depth, line));
        add_branch(lines, value, depth + 1);
    }
}

#[derive(Args)]
pub(crate) struct ListResources {
    #[command(flatten)]
    database: Database,
    /// Who, such as user:ana
    subject: String,
    /// What, such as document:read
    permission: String,
    /// The type of the resources
    resource_type: String,
    /// Keep to what lies under this resource
    #[arg(long, num_args = 2, value_names = ["TYPE", "ID"])]
    under: Option<Vec<String>>,
    #[command(flatten)]
    format: Format,
}

impl ListResources {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let mut arguments = vec![&self.subject, &self.permission, &self.resource_type];
        arguments.extend(self.under.iter().flatten());
        let marks = vec!["?"; arguments.len()].join(", ");
        let sql = format!("SELECT resource_id, name FROM main.authz_list_resources({marks}) ORDER BY resource_id");
        ask(&connection, &sql, authz::rusqlite::params_from_iter(arguments))?.print(self.format.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Args)]
pub(crate) struct ListSubjects {
    #[command(flatten)]
    database: Database,
    /// What, such as document:read
    permission: String,
    /// The type of the resource
    resource_type: String,
    /// The id of the resource
    resource_id: String,
    #[command(flatten)]
    format: Format,
}

impl ListSubjects {
    pub(crate) fn run(&self) -> Outcome {
        let connection = open_to_read(&self.database.db)?;
        let sql = "SELECT subject FROM main.authz_list_subjects(?, ?, ?)";
        ask(&connection, sql, params![self.permission, self.resource_type, self.resource_id])?.print(self.format.json)?;
        Ok(ExitCode::SUCCESS)
    }
}
