//! The same questions about the same world, put to authz and to its peers; answers are compared before anything is measured.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml
//! AUTHZ_DOCUMENTS=1000000 cargo run --release --manifest-path benches/peers/Cargo.toml -- cedar postgres
//! ```
//!
//! Names on the command line choose peers: `cte`, `cedar`, `casbin`, `postgres`; all if there is none. PostgreSQL is installed by
//! `postgres.sh` where it is missing.

mod casbin;
mod cedar;
mod postgres;
mod sqlite;
mod world;
#[path = "../../laboratory/worlds.rs"]
#[allow(dead_code)]
mod worlds;

use std::time::{Duration, Instant};

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use world::World;
use worlds::Ids;

/// Somebody who answers.
trait Peer {
    /// With the version
    fn name(&self) -> String;
    /// How it is used
    fn how(&self) -> &'static str;
    /// Of how many of the newest documents the lists are asked for, where it would take hours to ask for all
    fn part(&self) -> Option<usize> {
        None
    }
    fn check(&mut self, subject: &str, document: i64) -> bool;
    /// How many documents the subject may read.
    fn count(&mut self, subject: &str) -> Option<i64>;
    /// The newest 20 documents that the subject may read; `None` where that would take minutes.
    fn newest(&mut self, subject: &str) -> Option<Vec<i64>>;
}

/// The questions: how they are called, and one answer, as a number. `turn` counts up.
const QUESTIONS: [&str; 4] = ["one check", "all that it may read, 1 % pass", "all that it may read, 50 % pass", "the newest 20, 1 % pass"];

fn ask(peer: &mut dyn Peer, question: usize, turn: usize, world: &World) -> Option<i64> {
    match question {
        0 => {
            let (subject, document, allowed) = &world.pairs[turn % world.pairs.len()];
            let answer = peer.check(subject, *document);
            assert_eq!(answer, *allowed, "{}: {subject} {document}", peer.name());
            Some(i64::from(answer))
        }
        1 => peer.count(worlds::ONE_PERCENT),
        2 => peer.count(worlds::HALF),
        _ => peer.newest(worlds::ONE_PERCENT).map(|ids| ids.iter().fold(0, |sum: i64, id| sum.wrapping_mul(31).wrapping_add(*id))),
    }
}

/// Medians of authz and of a peer, asked in turn for a few seconds; `None` where the peer does not answer that.
fn measure(authz: &mut dyn Peer, peer: &mut dyn Peer, question: usize, world: &World) -> Option<(Duration, Duration)> {
    // The first answers are compared, and warm.
    let expected = ask(authz, question, 0, world);
    let answer = ask(peer, question, 0, world)?;
    assert_eq!(Some(answer), expected, "{}: {}", peer.name(), QUESTIONS[question]);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let began = Instant::now();
    let mut turn = 0;
    while theirs.is_empty() || (began.elapsed() < Duration::from_secs(5)) {
        turn += 1;
        ours.push(each(authz, question, turn, world));
        theirs.push(each(peer, question, turn, world));
    }
    Some((median(&mut ours), median(&mut theirs)))
}

/// The time of one answer out of as many as come within 20 milliseconds: each peer warms up before the other takes its turn.
fn each(peer: &mut dyn Peer, question: usize, turn: usize, world: &World) -> Duration {
    let began = Instant::now();
    let mut answers = 0;
    while answers == 0 || began.elapsed() < Duration::from_millis(20) {
        ask(peer, question, turn * 1009 + answers, world);
        answers += 1;
    }
    began.elapsed() / answers as u32
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn shown(time: Duration) -> String {
    let nanoseconds = time.as_secs_f64() * 1e9;
    let (unit, size) = [("s", 1e9), ("ms", 1e6), ("µs", 1e3)].into_iter().find(|(_, size)| nanoseconds >= *size).unwrap_or(("ns", 1.0));
    format!("{:.3} {unit}", nanoseconds / size)
}

fn main() {
    let documents = worlds::documents(100_000);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    let file = worlds::tree(documents, Ids::Integer);
    let connection = worlds::open_to_read(&file);
    let world = World::read(connection);
    println!("{documents} documents, {} grants that help, {} members of groups", world.grants.len(), world.members.len());

    let mut authz = sqlite::Authz::new(connection);
    for (subject, document, allowed) in &world.pairs {
        assert_eq!(authz.check(subject, *document), *allowed);
    }
    let server = is_wanted("postgres").then(|| postgres::Server::start(&world));
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(["peer", "question", "authz", "peer", "peer ÷ authz"]);
    let mut hows = vec![(authz.name(), authz.how())];
    let makers: [(&str, &dyn Fn() -> Box<dyn Peer>); 7] = [
        ("cte", &|| Box::new(sqlite::ByHand::new(connection))),
        ("cedar", &|| Box::new(cedar::Cedar(cedar::Attributes::new(&world)))),
        ("cedar", &|| Box::new(cedar::Cedar(cedar::Policies::new(&world)))),
        ("casbin", &|| Box::new(casbin::Sharded::new(&world))),
        ("casbin", &|| Box::new(casbin::Whole::new(&world))),
        ("postgres", &|| Box::new(postgres::RowLevelSecurity::by_set(server.as_ref().unwrap()))),
        ("postgres", &|| Box::new(postgres::RowLevelSecurity::by_row(server.as_ref().unwrap()))),
    ];
    for (_, make) in makers.into_iter().filter(|(name, _)| is_wanted(name)) {
        let progress =
            ProgressBar::new(QUESTIONS.len() as u64).with_style(ProgressStyle::with_template("{msg:60} {bar:20} {elapsed}").unwrap());
        progress.enable_steady_tick(Duration::from_millis(200));
        let mut peer = make();
        hows.push((peer.name(), peer.how()));
        authz.part = peer.part();
        for (question, name) in QUESTIONS.iter().enumerate() {
            let name = match authz.part {
                Some(part) if question == 1 || question == 2 => format!("{name}, of the newest {part} alone"),
                _ => (*name).to_owned(),
            };
            progress.set_message(format!("{}: {name}", peer.name()));
            let row = match measure(&mut authz, peer.as_mut(), question, &world) {
                Some((ours, theirs)) => {
                    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
                    [shown(ours), shown(theirs), if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }]
                }
                None => [String::new(), "–".to_owned(), "–".to_owned()],
            };
            let cells: Vec<String> = [peer.name(), name].into_iter().chain(row).collect();
            if progress.is_hidden() {
                eprintln!("{}", cells.join(" | "));
            }
            table.add_row(cells);
            progress.inc(1);
        }
        progress.finish_and_clear();
    }
    println!("{table}");
    for (name, how) in hows {
        println!("{name}: {how}");
    }
}
