//! What the arguments of CREATE VIRTUAL TABLE say, and how names and types of the table are written in SQL.

use std::borrow::Cow;

use crate::base::refusal::{nearest, shown};
use crate::sqlite::error::{Error, Result};

/// What the arguments of CREATE VIRTUAL TABLE say.
pub(crate) struct Arguments {
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) parent: String,
}

impl Arguments {
    pub(crate) fn parse(arguments: &[Cow<'_, str>]) -> Result<Arguments> {
        let usage = "write USING authz_hierarchy(table=folders, id=id, parent=parent_id)";
        let (mut table, mut id, mut parent) = (None, None, None);
        for text in arguments {
            let Some((key, value)) = text.split_once('=') else {
                return Err(Error::refused(format!("the argument `{}` is not of the form key=value; {usage}", shown(text.trim()))));
            };
            let (key, value) = (key.trim(), unquoted(value.trim()));
            let slot = match key.to_ascii_lowercase().as_str() {
                "table" => &mut table,
                "id" => &mut id,
                "parent" => &mut parent,
                other => {
                    let near = nearest(other, ["table", "id", "parent"]);
                    return Err(Error::refused(format!("unknown argument `{}`{near}; {usage}", shown(key))));
                }
            };
            if value.is_empty() {
                return Err(Error::refused(format!("the argument `{key}` is empty; {usage}")));
            }
            if slot.replace(value).is_some() {
                return Err(Error::refused(format!("the argument `{key}` is given twice; {usage}")));
            }
        }
        let needed =
            |value: Option<String>, key: &str| value.ok_or_else(|| Error::refused(format!("the argument `{key}` is missing; {usage}")));
        Ok(Arguments { table: needed(table, "table")?, id: needed(id, "id")?, parent: needed(parent, "parent")? })
    }
}

/// A name without the quotes that SQL allows around it.
fn unquoted(text: &str) -> String {
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('[', ']')] {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return inner.replace(&format!("{close}{close}"), &close.to_string());
        }
    }
    text.to_owned()
}

/// A name as an identifier in SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The affinity that a declared type gives, by SQLite's rules, as a type name that gives the same.
pub(crate) fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        "INTEGER"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "TEXT"
    } else if has("BLOB") || declared.is_empty() || declared == "ANY" {
        ""
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "REAL"
    } else {
        "NUMERIC"
    }
}
