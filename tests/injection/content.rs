//! What is in a file.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use authz::rusqlite::Connection;
use authz::rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};

/// Begins the lines of what FTS5 makes of the words.
const PIECES: &str = "(pieces) ";

/// All rows of all tables of the library, and its part of the schema, each as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dump(Vec<String>);

impl Dump {
    /// Whether the second is the same, but for times and for what is drawn at random.
    pub fn is_like(&self, other: &Dump) -> bool {
        let (ours, theirs) = self.apart(other);
        ours == theirs
    }

    /// The lines that only one of the two has, without what differs from run to run.
    fn apart(&self, other: &Dump) -> (Vec<String>, Vec<String>) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // The same words may be indexed in other pieces.
        let counts = |line: &&String| !line.starts_with(PIECES);
        let (mut left, mut right) = (self.0.iter().filter(counts).peekable(), other.0.iter().filter(counts).peekable());
        loop {
            match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(one), Some(two)) if one == two => {
                    left.next();
                    right.next();
                }
                (Some(one), two) if two.is_none_or(|two| one < two) => ours.extend(left.next().map(|line| steady(line))),
                _ => theirs.extend(right.next().map(|line| steady(line))),
            }
        }
        ours.sort_unstable();
        theirs.sort_unstable();
        (ours, theirs)
    }

    /// Some of what only the first has, and some of what only the second has.
    pub fn difference(&self, other: &Dump) -> String {
        let (ours, theirs) = self.apart(other);
        let only = |lines: &[String], than: &[String], sign: &str| {
            let lines = lines.iter().filter(|line| !than.contains(line)).take(6);
            lines.map(|line| format!("{sign} {}  ", line.chars().take(200).collect::<String>())).collect::<String>()
        };
        only(&ours, &theirs, "-") + &only(&theirs, &ours, "+")
    }
}

/// What is in the file, as this connection sees it.
pub fn dump(connection: &Connection) -> Dump {
    let mut lines = Vec::new();
    let sql = "SELECT name, type, sql FROM main.sqlite_schema WHERE name GLOB 'authz_*' OR name GLOB '_authz_*'";
    let mut statement = connection.prepare(sql).unwrap();
    let objects: Vec<(String, String, Option<String>)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().collect::<Result<_, _>>().unwrap();
    for (name, kind, sql) in objects {
        let sql = sql.unwrap_or_default();
        lines.push(format!("{kind} {name} {}", sql.len()));
        if kind == "table" && !sql.starts_with("CREATE VIRTUAL") {
            let rows: Option<String> = connection.query_row(&rows_of(connection, &name, &sql), [], |row| row.get(0)).unwrap();
            let is_pieces = name.ends_with("_index_data") || name.ends_with("_index_idx");
            let sign = if is_pieces { PIECES } else { "" };
            lines.extend(rows.iter().flat_map(|rows| rows.split('\n')).map(|row| format!("{sign}{row}")));
        }
    }
    lines.sort_unstable();
    Dump(lines)
}

/// The statement for all rows of a table, a line for each.
fn rows_of(connection: &Connection, name: &str, definition: &str) -> String {
    static KNOWN: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let rows = known.entry(definition.to_owned()).or_insert_with(|| {
        let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)").unwrap();
        let columns: Vec<String> = statement.query_map([name], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let columns: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let line = format!("'{name}|' || {}", columns.join(" || '|' || "));
        format!("SELECT group_concat(replace({line}, char(10), ' '), char(10)) FROM main.\"{name}\"")
    });
    rows.clone()
}

pub fn shown(value: ValueRef<'_>, line: &mut String) {
    use std::fmt::Write;
    match value {
        ValueRef::Null => line.push('-'),
        ValueRef::Integer(number) => write!(line, "{number}").unwrap(),
        ValueRef::Real(number) => write!(line, "{number}").unwrap(),
        ValueRef::Text(text) => {
            line.push('\'');
            line.push_str(&String::from_utf8_lossy(text));
        }
        ValueRef::Blob(bytes) => write!(line, "x{bytes:02x?}").unwrap(),
    }
}

/// A text without times, without numbers of more than twelve digits, and without long runs of hexadecimal digits.
pub fn steady(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if is_time(rest) {
            out.push_str("<time>");
            at += rest.iter().take_while(|byte| byte.is_ascii_digit() || b"-:.TZ".contains(byte)).count();
            continue;
        }
        let run = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if run >= 20 || (digits > 12 && digits == run) {
            out.push_str("<drawn>");
            at += run;
        } else if run > 0 {
            out.push_str(&text[at..at + run]);
            at += run;
        } else {
            let next = (at + 1..=bytes.len()).find(|&end| text.is_char_boundary(end)).unwrap();
            out.push_str(&text[at..next]);
            at = next;
        }
    }
    // A number drawn at random may be negative.
    out.replace("-<drawn>", "<drawn>")
}

fn is_time(bytes: &[u8]) -> bool {
    bytes.len() >= 19
        && bytes[..19].iter().zip(b"0000-00-00T00:00:00").all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
}
