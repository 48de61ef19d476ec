//! How long one keystroke takes: by number of names and by the share that the subject sees, next to plain FTS5 without any permission.
//!
//! `cargo bench --bench search` measures 10⁵ names; `SEARCH_NAMES=1000000 cargo bench --bench search` as many as said. A keystroke is a
//! whole statement that fetches its rows, on a connection that has answered others before. The plain table indexes the same titles by
//! words and their beginnings, and answers the best twenty by its own rank: what an application would write that knows no permissions.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::hint::black_box;
use std::time::Duration;

use authz::rusqlite::{Connection, Statement, params};
use criterion::{Criterion, criterion_group, criterion_main};

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
    let began = std::time::Instant::now();
    connection.query_row("SELECT authz_index_search()", [], |_| Ok(())).unwrap();
    eprintln!("{names} names were indexed in {:.1} s", began.elapsed().as_secs_f64());
    connection
}

fn rows(statement: &mut Statement<'_>, parameters: &[&dyn authz::rusqlite::ToSql]) -> usize {
    let mut rows = statement.query(parameters).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        black_box(row.get_ref(0).unwrap());
        count += 1;
    }
    count
}

/// What is typed, and the same in the language of plain FTS5; `None` where that cannot ask for it.
fn keystrokes_typed() -> Vec<(&'static str, String, Option<String>)> {
    // Of a title that all three see.
    let title = title(742);
    let words: Vec<&str> = title.split(' ').collect();
    let typed = [
        ("one_letter", "d".to_owned()),
        ("two_letters", "de".to_owned()),
        ("three_letters", "des".to_owned()),
        ("word", "design".to_owned()),
        ("two_words", format!("{} {}", words[2], words[0])),
        ("no_match", "zzyzx qwrt".to_owned()),
    ];
    let in_plain = |typed: &str| typed.split(' ').map(|word| format!("{word}*")).collect::<Vec<_>>().join(" ");
    let mut all: Vec<_> = typed.map(|(what, typed)| (what, typed.clone(), Some(in_plain(&typed)))).into();
    all.push(("typo", "dseign".to_owned(), None));
    all
}

fn keystrokes(criterion: &mut Criterion) {
    let names = std::env::var("SEARCH_NAMES").ok().and_then(|names| names.parse().ok()).unwrap_or(100_000);
    let connection = product(names);
    let mut group = criterion.benchmark_group(format!("search/{names}"));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut search = connection.prepare("SELECT id, title FROM authz_search(?1, ?2)").unwrap();
    let mut plain = connection.prepare("SELECT rowid, title FROM plain WHERE plain MATCH ?1 ORDER BY rank LIMIT 20").unwrap();
    for (what, typed, in_plain) in keystrokes_typed() {
        if let Some(question) = in_plain {
            group.bench_function(format!("{what}/plain"), |bencher| bencher.iter(|| rows(&mut plain, &[&question])));
        }
        for share in ["1", "10", "100"] {
            let subject = format!("user:p{share}");
            group.bench_function(format!("{what}/sees_{share}_percent"), |bencher| bencher.iter(|| rows(&mut search, &[&typed, &subject])));
        }
    }
    // After a write nothing is kept: the first keystroke gathers anew.
    let rename = "UPDATE authz_resources SET name = 'x' || random() WHERE resource_type = 'document' AND resource_id = 0";
    for share in ["1", "10", "100"] {
        let subject = format!("user:p{share}");
        group.bench_function(format!("word_after_a_write/sees_{share}_percent"), |bencher| {
            bencher.iter_batched(
                || connection.execute(rename, []).unwrap(),
                |_| rows(&mut search, &[&"design", &subject]),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, keystrokes);
criterion_main!(benches);
