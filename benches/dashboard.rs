//! How long does each page of the dashboard take, over a file of a million resources?
//!
//! The world is the tree; the pages are asked for as a browser would, and what is shown is the median of eleven.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod laboratory;
#[allow(dead_code)]
#[path = "../tests/dashboard/server.rs"]
mod server;

use std::time::Instant;

use laboratory::worlds::{self, Ids};
use server::Dashboard;

const PAGES: [&str; 30] = [
    "overview",
    "access",
    "access?subject=user%3Ahalf&permission=document%3Aread&id=77",
    "access?permission=document%3Aread&id=77",
    "access?permission=project%3Aread&id=7",
    "access?subject=user%3Ahalf&permission=document%3Aread",
    "access?subject=user%3Ahalf&permission=document%3Aread&after=i500000",
    "access?subject=user%3Aone-percent&permission=document%3Aread",
    "access?subject=user%3A50&type=document&id=77",
    "resources",
    "resources?root=document&after=tdocument+i900000",
    "children?type=organization&id=1",
    "resource?type=organization&id=1",
    "resource?type=project&id=7",
    "resource?type=document&id=77",
    "roles",
    "role?slug=workspace-viewer",
    "permissions",
    "permission?slug=document%3Aread",
    "assignments",
    "assignments?role=project-editor",
    "assignments?state=ended",
    "subjects",
    "groups",
    "subject?id=group%3Areaders",
    "subject?id=user%3Ahalf",
    "events",
    "events?name=group.%2A",
    "events?from=2020&to=2099",
    "model",
];

const SEARCHES: [&str; 4] = ["d", "77", "workspace", "grant"];

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    let documents = if std::env::args().any(|argument| argument == "--bench") { worlds::documents(1_000_000) } else { 1_000 };
    let (_folder, file) = worlds::copy(&worlds::tree(documents, Ids::Integer));
    let searches = |kind: &str, visitor: &server::Visitor| {
        for words in SEARCHES {
            measure(visitor, &format!("palette?part=1&q={words}"), kind);
        }
    };
    println!("{documents} documents; milliseconds");
    {
        let dashboard = Dashboard::start(&file, &[]);
        let visitor = dashboard.open();
        PAGES.iter().for_each(|page| measure(&visitor, page, ""));
        searches("without an index", &visitor);
    }
    worlds::open(&file).query_row("SELECT authz_index_search()", [], |_| Ok(())).unwrap();
    let dashboard = Dashboard::start(&file, &[]);
    searches("with an index", &dashboard.open());
}

/// Asks for a page until it is warm, and then eleven times.
fn measure(visitor: &server::Visitor, page: &str, kind: &str) {
    let ask = || {
        let begun = Instant::now();
        let answer = visitor.get(page);
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        begun.elapsed()
    };
    let mut times: Vec<_> = (0..14).map(|_| ask()).skip(3).collect();
    times.sort();
    println!("{:8.1}  {page} {kind}", times[times.len() / 2].as_secs_f64() * 1000.0);
}
