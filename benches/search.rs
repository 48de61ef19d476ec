//! How long one keystroke takes: by number of names and by the share that the subject sees, next to plain FTS5 without any permission.
//!
//! ```text
//! cargo bench --bench search                          100,000 names, under a minute
//! SEARCH_NAMES=1000000 cargo bench --bench search     as many as said
//! cargo bench --bench search -- word                  only what has `word` in its name
//! cargo bench --bench search -- --markdown            for a document
//! ```
//!
//! A keystroke is a whole statement that fetches its rows, on a connection that has answered others before. The plain table indexes the same
//! titles by words and their beginnings, and answers the best twenty by its own rank: what an application would write that knows no
//! permissions. Both are measured in turn.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod laboratory;

use std::hint::black_box;
use std::time::{Duration, Instant};

use authz::rusqlite::{Connection, ToSql, params};
use comfy_table::{Cell, CellAlignment, Color, Table, presets};

use laboratory::brief;
use laboratory::measure::{Outcome, Question, Run, timed};

/// A keystroke may take at most so many times as long as in plain FTS5.
const AT_MOST: f64 = 2.0;
/// The parts of all names, in percent, that the three subjects see.
const SHARES: [&str; 3] = ["1", "10", "100"];

/// Words as an application's titles have them, three to a title; a few thousand in all.
fn word(number: u64) -> String {
    const FIRST: [&str; 40] = [
        "de", "pro", "con", "re", "ma", "ta", "bo", "li", "su", "in", "mo", "pla", "ro", "ca", "no", "fi", "se", "tra", "be", "ge", "lo",
        "mi", "pa", "sta", "vi", "co", "ba", "fo", "gra", "he", "ju", "ki", "la", "ne", "o", "pe", "qua", "ra", "shi", "te",
    ];
    const MIDDLE: [&str; 12] = ["si", "ra", "lo", "ne", "mi", "ta", "ge", "li", "no", "ve", "ri", "do"];
    const LAST: [&str; 10] = ["gn", "t", "ce", "ng", "r", "x", "ment", "on", "l", "s"];
    let pick = |from: &[&'static str], by: u64| from[usize::try_from(by % from.len() as u64).unwrap()];
    format!("{}{}{}", pick(&FIRST, number), pick(&MIDDLE, number / 40), pick(&LAST, number / 480))
}

/// A number that looks like chance and is always the same.
fn scatter(number: u64) -> u64 {
    let mixed = (number ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 17
}

fn title(number: u64) -> String {
    let at = |place: u64| word(scatter(number * 3 + place) % 4800);
    format!("{} {} {}", at(0), at(1), at(2))
}

/// One organization, a hundred workspaces, documents by the hundred in projects. `user:p1` sees a hundredth of them, `user:p10` a tenth,
/// `user:p100` all.
fn product(names: u64) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    authz::migrate(&connection).unwrap();
    let model = r#"{
      "resource_types": {"workspace": {"parents": ["organization"]}, "project": {"parents": ["workspace"]},
                         "document": {"parents": ["project"], "search": "document:read"}},
      "permissions": {"document:read": {"resource_type": "document"}},
      "roles": {"member": {"resource_type": "organization", "permissions": ["document:read"]},
                "viewer": {"resource_type": "workspace", "permissions": ["document:read"]}}}"#;
    connection.execute_batch("BEGIN").unwrap();
    connection.query_row("SELECT authz_apply(?1)", [model], |_| Ok(())).unwrap();
    {
        let mut insert = connection
            .prepare("INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name) VALUES (?1, ?2, ?3, ?4, ?5)")
            .unwrap();
        insert.execute(params!["organization", 1, None::<&str>, None::<i64>, "Acme"]).unwrap();
        for workspace in 0..100 {
            insert.execute(params!["workspace", workspace, "organization", 1, None::<&str>]).unwrap();
        }
        for project in 0..i64::try_from(names.div_ceil(100)).unwrap() {
            insert.execute(params!["project", project, "workspace", project % 100, None::<&str>]).unwrap();
        }
        connection.execute_batch("CREATE VIRTUAL TABLE plain USING fts5 (title, prefix = '1 2 3')").unwrap();
        let mut plain = connection.prepare("INSERT INTO plain (rowid, title) VALUES (?1, ?2)").unwrap();
        for number in 0..names {
            let (id, title) = (i64::try_from(number).unwrap(), title(number));
            insert.execute(params!["document", id, "project", id / 100, title]).unwrap();
            plain.execute(params![id, title]).unwrap();
        }
    }
    connection
        .execute_batch(
            "INSERT INTO plain (plain) VALUES ('optimize');
             SELECT authz_grant('user:p1', 'viewer', 'workspace', 7), authz_grant('user:p100', 'member', 'organization', 1);
             INSERT INTO authz_role_assignments (subject, role, resource_type, resource_id)
               SELECT 'user:p10', 'viewer', 'workspace', resource_id FROM authz_resources WHERE resource_type = 'workspace' AND resource_id < 10;
             COMMIT",
        )
        .unwrap();
    let began = Instant::now();
    connection.query_row("SELECT authz_index_search()", [], |_| Ok(())).unwrap();
    eprintln!("{names} names were indexed in {:.1} s", began.elapsed().as_secs_f64());
    connection
}

/// What is typed, and the same in the language of plain FTS5; `None` where that cannot ask for it.
fn keystrokes_typed() -> Vec<(&'static str, String, Option<String>)> {
    // Of a title that all three see.
    let title = title(742);
    let words: Vec<&str> = title.split(' ').collect();
    let typed = [
        ("one letter", "d".to_owned()),
        ("two letters", "de".to_owned()),
        ("three letters", "des".to_owned()),
        ("a word", "design".to_owned()),
        ("two words", format!("{} {}", words[2], words[0])),
        ("what no title has", "zzyzx qwrt".to_owned()),
    ];
    let in_plain = |typed: &str| typed.split(' ').map(|word| format!("{word}*")).collect::<Vec<_>>().join(" ");
    let mut all: Vec<_> = typed.map(|(what, typed)| (what, typed.clone(), Some(in_plain(&typed)))).into();
    all.push(("a word with a typo", "dseign".to_owned(), None));
    all
}

/// Runs a statement as often as makes a sample; it stays prepared.
fn run(connection: &'static Connection, sql: &str, parameters: Vec<String>, times: u64) -> Run {
    let mut statement = connection.prepare(sql).unwrap();
    Box::new(move || {
        timed(|| {
            let mut count = 0;
            for _ in 0..times {
                let parameters: Vec<&dyn ToSql> = parameters.iter().map(|one| one as &dyn ToSql).collect();
                let mut rows = statement.query(&parameters[..]).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    black_box(row.get_ref(0).unwrap());
                    count += 1;
                }
            }
            count
        })
    })
}

fn measured(connection: &'static Connection, what: &str, typed: &str, in_plain: Option<&str>, share: &str, time: Duration) -> Outcome {
    let search = |times| {
        let parameters = vec![typed.to_owned(), format!("user:p{share}")];
        run(connection, "SELECT id, title FROM authz_search(?1, ?2)", parameters, times)
    };
    let plain = |question: &str, times| {
        run(connection, "SELECT rowid, title FROM plain WHERE plain MATCH ?1 ORDER BY rank LIMIT 20", vec![question.to_owned()], times)
    };
    let once = in_plain.map_or_else(|| search(1), |question| plain(question, 1))().0;
    let times = (2_000_000 / (once.as_nanos() + 1)).clamp(1, 1000) as u64;
    let bases = in_plain.map(|question| plain(question, times)).into_iter().collect();
    let question = Question::ratio(format!("{what} for who sees {share} %"), "plain FTS5", AT_MOST, 1.0, times, bases, search(times));
    question.unlike().outcome(time, 300)
}

/// The first keystroke after a commit: nothing that was kept serves any more.
fn after_a_commit(connection: &'static Connection, share: &str, time: Duration) -> Outcome {
    let rename = "UPDATE authz_resources SET name = 'x' || random() WHERE resource_type = 'document' AND resource_id = 0";
    let mut search = run(connection, "SELECT id, title FROM authz_search(?1, ?2)", vec!["design".to_owned(), format!("user:p{share}")], 1);
    let ask: Run = Box::new(move || {
        connection.execute(rename, []).unwrap();
        search()
    });
    Question::ratio(format!("after a commit for who sees {share} %"), "", AT_MOST, 1.0, 1, Vec::new(), ask).outcome(time, 30)
}

fn main() {
    let names = std::env::var("SEARCH_NAMES").ok().and_then(|names| names.parse().ok()).unwrap_or(brief::usual(100_000, 1_000));
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let time = Duration::from_secs(brief::usual(if names > 100_000 { 3 } else { 1 }, 0));
    let connection: &'static Connection = Box::leak(Box::new(product(names)));
    println!("authz {}, SQLite {}, {names} names", env!("CARGO_PKG_VERSION"), authz::rusqlite::version());

    let mut table = Table::new();
    let is_markdown = std::env::args().any(|argument| argument == "--markdown");
    table.load_style(if is_markdown { presets::ASCII_MARKDOWN } else { presets::UTF8_FULL_CONDENSED });
    let shares = SHARES.map(|share| if share == "100" { "sees all".to_owned() } else { format!("sees {share} %") });
    table.set_header(["typed".to_owned(), "plain".to_owned()].into_iter().chain(shares));
    for (what, typed, in_plain) in keystrokes_typed().into_iter().filter(|(what, ..)| is_wanted(what)) {
        let outcomes = SHARES.map(|share| measured(connection, what, &typed, in_plain.as_deref(), share, time));
        let bases = outcomes.iter().map(|outcome| outcome.base_time);
        table.add_row([Cell::new(what), cell(bases.min().unwrap_or_default(), None)].into_iter().chain(outcomes.iter().map(judged)));
    }
    let what = "a word, right after a commit";
    if is_wanted(what) {
        let outcomes = SHARES.map(|share| after_a_commit(connection, share, time));
        table.add_row([Cell::new(what), cell(Duration::ZERO, None)].into_iter().chain(outcomes.iter().map(judged)));
    }
    println!("{table}\nIn brackets: how many times as long as plain FTS5, measured in turn with it; at most {AT_MOST}.");
}

fn judged(outcome: &Outcome) -> Cell {
    cell(outcome.time, Some(outcome.result).filter(|_| !outcome.base_time.is_zero()))
}

fn cell(time: Duration, ratio: Option<f64>) -> Cell {
    if time.is_zero() {
        return Cell::new("–").set_alignment(CellAlignment::Right);
    }
    let milliseconds = time.as_secs_f64() * 1000.0;
    let decimals = if milliseconds < 1.0 {
        3
    } else if milliseconds < 10.0 {
        2
    } else {
        1
    };
    match ratio {
        Some(ratio) => {
            let color = if ratio <= AT_MOST { Color::Green } else { Color::Red };
            Cell::new(format!("{milliseconds:.decimals$} ({ratio:.2}×)")).fg(color)
        }
        None => Cell::new(format!("{milliseconds:.decimals$}")),
    }
    .set_alignment(CellAlignment::Right)
}
