//! The rooms of `src/`: which of them may use which. See docs/architecture.md.
//!
//! Every path that begins with `crate::`, `self::` or `super::` is read, in code, in macros and in tests alike, and held against the table of
//! arrows below. A path from a room to one that its line does not name is an error, and so is a circle, be it of rooms or of files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms that it may use, none of which stands below it in this list.
const ARROWS: [(&str, &[&str]); 19] = [
    // The library.
    ("base", &[]),
    ("decide", &[]),
    ("model", &["base", "decide"]),
    ("binding", &["base"]),
    ("sqlite", &["base"]),
    ("facts", &["base", "decide", "model", "binding", "sqlite"]),
    ("access", &["base", "decide", "model", "sqlite", "facts"]),
    ("outbox", &["base", "sqlite", "facts"]),
    ("manage", &["base", "model", "binding", "sqlite", "facts", "outbox"]),
    ("identity", &["base", "sqlite", "facts", "outbox", "manage"]),
    ("search", &["base", "sqlite", "facts", "access"]),
    ("help", &["base", "sqlite"]),
    ("doctor", &["base", "facts", "sqlite"]),
    ("debug", &["sqlite", "facts", "identity"]),
    // With the feature `fuzzing` only.
    ("fuzzing", &["base", "model", "access", "identity", "search"]),
    ("typed", &["sqlite"]),
    // The programs. They use the library by its public surface.
    ("program", &[]),
    ("dashboard", &["program"]),
    ("command", &["program", "dashboard"]),
];

/// What stands in `src/` itself, besides the rooms.
const FILES: [&str; 4] = ["debug.rs", "lib.rs", "main.rs", "typed.rs"];

/// The rooms of SQLite and of the file are unknown to these.
const PURE: [&str; 4] = ["base", "decide", "model", "binding"];

/// The front page, as rooms may name it: what everybody uses, in tests; and the entry point of the loadable library, which registers.
const FRONT_PAGE: [&str; 3] = ["register", "attach", "migrate"];
const ENTRY_POINT: &str = "sqlite/loadable.rs";

/// The folder of `sql/` that belongs to no room: statements for applications, which the documentation shows.
const EXAMPLES: &str = "examples";

/// What programs may name of the library.
const SURFACE: [&str; 19] = [
    "call",
    "check",
    "explain",
    "grant",
    "list_resources",
    "list_subjects",
    "require",
    "revoke",
    "register",
    "migrate",
    "migrate_systems",
    "migration_plan",
    "migration_plan_of",
    "migration_sql",
    "migration_sql_of",
    "rusqlite",
    "Report",
    "Error",
    "Result",
];

/// A file of `src/`.
struct Source {
    /// Below `src/`, such as `facts/store.rs`
    path: String,
    /// Where its text stands among the modules, such as `["facts", "store"]`
    module: Vec<String>,
    /// Without comments and strings
    code: String,
    /// Where the tests of the file begin, if it has any
    tests: usize,
    /// With strings
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                sources.push(source(&entry));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn source(file: &Path) -> Source {
    let path = file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    let text = fs::read_to_string(file).unwrap();
    let code = blanked(&text);
    let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        module.pop();
    }
    let tests = match path.ends_with("/tests.rs") {
        true => 0,
        false => code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len()),
    };
    Source { path, module, code, tests, text }
}

/// A text with comments, strings and character literals turned into spaces, so that what is left is code, and stands where it stood.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(text, at) {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = 2 + hashes;
            rest[begin..].find(&end).map_or(rest.len(), |found| begin + found + end.len())
        } else if rest.starts_with('"') {
            string(rest)
        } else if rest.starts_with('\'') {
            character(rest)
        } else {
            at += rest.chars().next().unwrap().len_utf8();
            continue;
        };
        code[at..at + length].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at += length;
    }
    String::from_utf8(code).unwrap()
}

/// How many hashes a raw string has that begins here.
fn raw_string(text: &str, at: usize) -> Option<usize> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b' && c != 'c' || c == '_') {
        return None;
    }
    let rest = text[at..].strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character literal; 1 for the mark of a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some(_)) => rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(index, _)| index + 3),
        (Some(_), Some((index, '\''))) => index + 1,
        _ => 1,
    }
}

/// A path to something in the same crate, as the modules and items from its root on.
struct Reference {
    target: Vec<String>,
    in_tests: bool,
}

/// Every path in a file that begins with `crate::`, `self::` or `super::`, those of lists in braces one by one.
fn references(source: &Source) -> Vec<Reference> {
    let mut found = Vec::new();
    let code = &source.code;
    let mut from = 0;
    while let Some((at, word)) = next_root(code, from) {
        from = at + word.len();
        let in_tests = at >= source.tests;
        let mut base = if word == "crate" { Vec::new() } else { source.module.clone() };
        // A module of tests within a file stands one step further in.
        let mut depth = usize::from(in_tests && !source.path.ends_with("/tests.rs"));
        let mut rest = &code[from..];
        let mut up = usize::from(word == "super");
        while let Some(next) = rest.strip_prefix("::super") {
            up += 1;
            rest = next;
        }
        for _ in 0..up {
            match depth {
                0 => drop(base.pop()),
                _ => depth -= 1,
            }
        }
        if !rest.starts_with("::") {
            continue;
        }
        let mut paths = Vec::new();
        tree(&rest[2..], &mut base.clone(), &mut paths);
        found.extend(paths.into_iter().map(|target| Reference { target, in_tests }));
    }
    found
}

/// The next word that a path within the crate begins with.
fn next_root(code: &str, from: usize) -> Option<(usize, &'static str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut best = None;
    for word in ["crate", "self", "super"] {
        let mut search = from;
        while let Some(found) = code[search..].find(word).map(|found| found + search) {
            search = found + word.len();
            let before = code[..found].chars().next_back();
            // `pub(in crate::…)` and `super` after `::` belong to another path.
            let begins = before.is_none_or(|c| !is_word(c) && c != ':' && c != '.' && c != '$');
            if begins && code[search..].starts_with("::") {
                if best.is_none_or(|(at, _)| found < at) {
                    best = Some((found, word));
                }
                break;
            }
        }
    }
    best
}

/// Reads a path, or a list of paths in braces, and notes each of them with what stands before it. → What is left of the text.
fn tree<'a>(mut rest: &'a str, before: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> &'a str {
    let length = before.len();
    loop {
        rest = rest.trim_start();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix('}') {
                    before.truncate(length);
                    return after;
                }
                rest = tree(rest, before, paths).trim_start();
                if let Some(after) = rest.strip_prefix(" as ") {
                    rest = after;
                }
                let end = rest.find([',', '}']).unwrap_or(rest.len());
                rest = &rest[end..];
                rest = rest.strip_prefix(',').unwrap_or(rest);
                if rest.is_empty() {
                    return rest;
                }
            }
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word != "self" && !word.is_empty() {
            before.push(word.to_owned());
        }
        match after.strip_prefix("::") {
            Some(more) if more.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => rest = more,
            _ => {
                paths.push(before.clone());
                before.truncate(length);
                return after;
            }
        }
    }
}

/// The room of a path, or the name on the front page that it begins with.
fn first(path: &[String]) -> &str {
    path.first().map_or("", String::as_str)
}

fn room(path: &str) -> Option<&str> {
    path.split_once('/')
        .map(|(room, _)| room)
        .or_else(|| path.strip_suffix(".rs").filter(|name| ARROWS.iter().any(|(room, _)| room == name)))
}

fn may_use(room: &str) -> &'static [&'static str] {
    ARROWS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("`src/{room}` is no room; add it to the table of arrows")).1
}

/// The file in which a path ends: the longest of its beginnings that is a module.
fn file_of<'a>(sources: &'a [Source], target: &[String]) -> Option<&'a Source> {
    (1..=target.len()).rev().find_map(|length| sources.iter().find(|source| source.module == target[..length]))
}

/// An error for each path that the table does not allow.
fn broken_arrows(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let Some(from) = room(&source.path) else { continue };
        let allowed = may_use(from);
        for Reference { target, in_tests } in references(source) {
            let to = first(&target);
            let is_front_page = FRONT_PAGE.contains(&to) && (in_tests || source.path == ENTRY_POINT);
            if to != from && !allowed.contains(&to) && !is_front_page {
                broken.push(format!("src/{}: `{from}` may not use `{}`", source.path, target.join("::")));
            }
        }
    }
    broken
}

/// A cycle in a graph, if there is one.
fn cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        at: &str,
        edges: &BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(begin) = path.iter().position(|one| one == at) {
            let mut round = path.split_off(begin);
            round.push(at.to_owned());
            return Some(round);
        }
        if done.contains(at) {
            return None;
        }
        path.push(at.to_owned());
        for next in edges.get(at).into_iter().flatten() {
            if let Some(round) = visit(next, edges, path, done) {
                return Some(round);
            }
        }
        path.pop();
        done.insert(at.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|at| visit(at, edges, &mut Vec::new(), &mut done))
}

#[test]
fn rooms_use_only_the_rooms_that_they_may_use() {
    let broken = broken_arrows(&sources());
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_table_names_every_room_once_and_has_no_circle() {
    let table: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (index, (room, uses)) in ARROWS.iter().enumerate() {
        for used in *uses {
            let place = table.iter().position(|name| name == used).unwrap_or_else(|| panic!("`{used}` is no room"));
            assert!(place < index, "`{room}` uses `{used}`, which stands below it");
        }
    }
    let mut folders = BTreeSet::new();
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(root()).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            folders.insert(name)
        } else {
            files.insert(name)
        };
    }
    let rooms: BTreeSet<String> =
        table.iter().filter(|room| !FILES.contains(&format!("{room}.rs").as_str())).map(|room| (*room).to_owned()).collect();
    assert_eq!(folders, rooms, "the folders of src/ are the rooms");
    assert_eq!(files, FILES.iter().map(|file| (*file).to_owned()).collect(), "what stands in src/ itself");
}

/// Files that import each other can only be understood together. Tests are left out.
#[test]
fn no_files_use_each_other_in_a_circle() {
    let sources = sources();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &sources {
        // What holds a folder together uses all that is in it.
        let is_of_folder = source.path.ends_with("mod.rs");
        for to in
            sources.iter().filter(|to| is_of_folder && to.module.len() == source.module.len() + 1 && to.module.starts_with(&source.module))
        {
            edges.entry(source.path.clone()).or_default().insert(to.path.clone());
        }
        for reference in references(source).into_iter().filter(|reference| !reference.in_tests) {
            if let Some(to) = file_of(&sources, &reference.target).filter(|to| to.path != source.path) {
                edges.entry(source.path.clone()).or_default().insert(to.path.clone());
            }
        }
    }
    let round = cycle(&edges);
    assert!(round.is_none(), "{}", round.unwrap_or_default().join(" → "));
}

#[test]
fn unsafe_code_stands_in_the_room_of_sqlite_only() {
    for source in sources() {
        let has = source.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        assert!(!has || source.path.starts_with("sqlite/"), "src/{} has `unsafe` code", source.path);
    }
}

#[test]
fn the_pure_rooms_know_nothing_of_sqlite() {
    for source in sources()
        .iter()
        .filter(|source| room(&source.path).is_some_and(|room| PURE.contains(&room)) || source.path.starts_with("identity/scim/request/"))
    {
        let bad = source.code.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| matches!(*word, "rusqlite" | "sqlite"));
        assert!(bad.is_none(), "src/{} mentions `{}`", source.path, bad.unwrap_or_default());
    }
}

/// Programs are written as anybody's would be.
#[test]
fn programs_use_the_public_surface() {
    for source in sources().iter().filter(|source| matches!(room(&source.path), Some("program" | "dashboard" | "command"))) {
        for (at, _) in source.code.match_indices("authz::") {
            if source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let mut paths = Vec::new();
            tree(&source.code[at + "authz::".len()..], &mut Vec::new(), &mut paths);
            for path in paths {
                assert!(SURFACE.contains(&first(&path)), "src/{} uses `authz::{}`", source.path, path.join("::"));
            }
        }
    }
}

/// A statement lies in the folder of the room that asks it, or of a room that this one may use; and its folder is named as a file is.
#[test]
fn statements_lie_in_the_rooms_that_ask_them() {
    let sources = sources();
    let mut asked = BTreeSet::new();
    for source in &sources {
        let Some(from) = room(&source.path) else { continue };
        for (at, start) in source.text.match_indices("include_str!(\"") {
            let path = &source.text[at + start.len()..];
            let path = &path[..path.find('"').unwrap()];
            let Some((_, statement)) = path.split_once("sql/") else { continue };
            let to = statement.split('/').next().unwrap();
            assert!(to == from || to == EXAMPLES || may_use(from).contains(&to), "src/{} asks sql/{statement}", source.path);
            let folder = statement.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_named =
                sources.iter().any(|source| source.module.join("/") == folder) || folder.starts_with("command") || to == EXAMPLES;
            assert!(is_named, "sql/{folder} is not named as anything in src/");
            asked.insert(statement.to_owned());
        }
    }
    let sql = root().with_file_name("sql");
    let mut folders = vec![sql.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let statement = entry.strip_prefix(&sql).unwrap().to_str().unwrap().replace('\\', "/");
            assert!(asked.contains(&statement) || statement.starts_with(EXAMPLES), "nobody asks sql/{statement}");
        }
    }
}

/// The reader of paths and the table are looked at themselves: what is broken is found.
#[test]
fn a_broken_arrow_is_found() {
    let path = |text: &str| {
        let mut paths = Vec::new();
        tree(text, &mut Vec::new(), &mut paths);
        paths.iter().map(|path| path.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(path("facts::store::Store;"), ["facts::store::Store"]);
    assert_eq!(
        path("facts::{self, store::{Store, count}, reader as r};"),
        ["facts", "facts::store::Store", "facts::store::count", "facts::reader"]
    );
    let source = |path: &str, text: &str| {
        let code = blanked(text);
        let tests = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
        let module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        Source { path: path.to_owned(), module, code, tests, text: text.to_owned() }
    };
    let found = |path: &str, text: &str| broken_arrows(&[source(path, text)]);
    assert!(found("facts/store.rs", "use crate::sqlite::connection::Engine;\nuse super::cache::Cache;").is_empty());
    for (path, text) in [
        ("decide/solver.rs", "use crate::base::refusal::Refusal;"),
        ("facts/store.rs", "use crate::access::check::check;"),
        ("facts/store.rs", "fn f() { crate::access::check::check() }"),
        ("facts/store.rs", "use crate::{base::time, search::Search};"),
        ("facts/store.rs", "use super::super::access;"),
        ("facts/store.rs", "println!(\"{}\", crate::outbox::page::LIMIT);"),
        ("facts/store.rs", "#[cfg(test)]\nmod tests {\n    use super::super::super::access;\n}"),
        ("sqlite/scalar.rs", "fn f() { crate::register(&connection) }"),
        ("dashboard/server.rs", "use crate::command::run;"),
    ] {
        assert_eq!(found(path, text).len(), 1, "{path}: {text}");
    }
    for text in [
        "// use crate::access::check;",
        "const A: &str = \"crate::access\";",
        "const A: &str = r#\"crate::access\"#;",
        "/* crate::access::check */",
    ] {
        assert!(found("facts/store.rs", text).is_empty(), "{text}");
    }
    assert!(found("facts/store.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n    fn f() { crate::register() }\n}").is_empty());
    let edges = |pairs: &[(&str, &str)]| {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        pairs.iter().for_each(|(from, to)| {
            edges.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        });
        edges
    };
    assert!(cycle(&edges(&[("a", "b"), ("b", "c"), ("a", "c")])).is_none());
    assert_eq!(cycle(&edges(&[("a", "b"), ("b", "c"), ("c", "b")])).unwrap(), ["b", "c", "b"]);
}
