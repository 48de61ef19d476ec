//! `docs/reference.md` is made from `authz_help()`.

use std::fmt::Write;
use std::path::Path;

use super::examples::{as_insert, has_insert};
use super::{Entry, entries};

const BEGINNING: &str = "<!-- Made from authz_help(): AUTHZ_REWRITE=1 cargo test --test help page -->
# Reference

Every public function, table, view and virtual-table module of the library. `SELECT * FROM authz_help('check')` answers with the same in
SQL, with or without a schema.

**Arguments** are given in this order; those in brackets may be left out, from the last on, and all that is in the same brackets is given
together. JSON is TEXT that holds JSON. `user:ana` is a
subject: a type and an id. Ids of resources and organizations are INTEGER or TEXT, as the application has them. Times are UTC, such as
`2027-01-31T12:00:00.000Z`.

**Functions that write** take part in the open transaction, and each call takes effect as a whole or not at all. They are refused in views
and triggers that are stored in the file. Drivers take `SELECT authz_grant(…)` for a statement that reads: in an application, call them by
`INSERT INTO authz_call`, which every driver takes for a write. `authz_result()` is what the function answered. Examples show both forms.

**Tables** may be read by any client of SQLite, without the library; those that are said to take plain SQL may be written so too. Constraints
and triggers then refuse what the functions would refuse. An error of the library is one sentence that begins with the name of the function,
or with a code of WorkOS such as `role_slug_conflict`.
";

const SYSTEMS: [(&str, &str); 5] = [
    ("core", "The model, resources, groups, role assignments, relationships, and every question about them."),
    (
        "events",
        "What changed, in order, for consumers that read at their own pace: see [consuming-events.md](consuming-events.md) and [events.md](events.md).",
    ),
    (
        "identity",
        "Organizations, users and memberships; sign-ins and sessions; directories; attributes and claims: see [sessions.md](sessions.md), [directories.md](directories.md) and [attributes.md](attributes.md).",
    ),
    ("search", "Finding resources, pages and actions by a few letters: see [search.md](search.md)."),
    ("library", "The schema, the connection and the clock."),
];

fn page() -> String {
    let entries = entries();
    let mut page = BEGINNING.to_owned();
    for (system, _) in SYSTEMS {
        let links = entries
            .iter()
            .filter(|entry| entry.system == system)
            .map(|entry| format!("[{}](#{})", entry.name.trim_start_matches("authz_"), entry.name));
        write!(page, "\n{}\n", wrapped(&format!("**{system}**: {}", links.collect::<Vec<_>>().join(", ")))).unwrap();
    }
    for (system, about) in SYSTEMS {
        write!(page, "\n## {system}\n\n{}\n", wrapped(about)).unwrap();
        for entry in entries.iter().filter(|entry| entry.system == system) {
            section(&mut page, entry);
        }
    }
    page
}

fn section(page: &mut String, entry: &Entry) {
    let Entry { name, arguments, result, about, example, .. } = entry;
    write!(page, "\n### {name}\n\n").unwrap();
    match entry.kind.as_str() {
        "function" => write!(page, "`{name}({arguments})`, {}\n\n", if entry.writes { "writes" } else { "reads" }).unwrap(),
        "table function" if arguments.is_empty() => write!(page, "`{name}`, rows\n\n").unwrap(),
        "table function" => write!(page, "`{name}({arguments})`, rows\n\n").unwrap(),
        "module" => write!(page, "`CREATE VIRTUAL TABLE … USING {name}({arguments})`\n\n").unwrap(),
        kind => write!(page, "A {kind}; {}.\n\n", if entry.writes { "plain SQL may write to it" } else { "for reading" }).unwrap(),
    }
    match result.strip_prefix("rows (").and_then(|rest| rest.split_once(')')) {
        Some((columns, rest)) => write!(page, "{}\n\n", wrapped(&format!("→ `{columns}`{rest}"))).unwrap(),
        None => write!(page, "{}\n\n", wrapped(&format!("→ {result}"))).unwrap(),
    }
    write!(page, "{}\n\n```sql\n", wrapped(about)).unwrap();
    if has_insert(entry) {
        writeln!(page, "{}", as_insert(entry)).unwrap();
    }
    write!(page, "{example}\n```\n").unwrap();
}

/// A paragraph in lines of at most 140 characters.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > 140 {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += more;
    }
    lines
}

#[test]
fn the_page_is_what_authz_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let page = page();
    if std::env::var_os("AUTHZ_REWRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if there != page {
        let line = there.lines().zip(page.lines()).position(|(one, other)| one != other).unwrap_or_default();
        panic!("docs/reference.md differs from authz_help(), line {}; run AUTHZ_REWRITE=1 cargo test --test help page", line + 1);
    }
}
