//! Files to write in, and random histories in them.

use std::path::Path;
use std::sync::OnceLock;

use authz::rusqlite::Connection;

use super::World;
use super::ask::{Asker, Share, agree, agree_after};
use super::tape::Tape;
use super::world::{change, first_changes, random_change};

/// Opens a file that was migrated once for all.
pub fn open(path: &Path) -> Connection {
    static MIGRATED: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = MIGRATED.get_or_init(|| {
        let path = path.with_extension("template");
        let connection = again(&path);
        authz::migrate(&connection).unwrap();
        connection.close().map_err(|(_, error)| error).unwrap();
        std::fs::read(path).unwrap()
    });
    std::fs::write(path, bytes).unwrap();
    again(path)
}

/// Opens a file that is there.
pub fn again(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    authz::register(&connection).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
    connection
}

pub fn apply(connection: &Connection, document: &str) -> authz::rusqlite::Result<()> {
    connection.query_row("SELECT authz_apply(?1)", [document], |_| Ok(()))
}

/// Changes by functions and by plain SQL, savepoints, rollbacks and another connection's writes, until the tape is over; after each,
/// what is asked is answered as the naive model answers it.
pub fn live(tape: &mut Tape, world: &mut World, connection: &Connection, other: &Connection) {
    let (mut here, mut there) = (Asker::new(connection), Asker::new(other));
    for (number, one) in first_changes().iter().enumerate() {
        assert!(change(connection, world, one, number % 2 == 0), "{one:?}");
    }
    // What ROLLBACK TO goes back to.
    let mut saved: Vec<World> = Vec::new();
    let mut step = 0;
    let usual = Share { checks: 8, others: 90 };
    while !tape.is_over() {
        let mut changed = String::new();
        match tape.pick(16) {
            15 => {
                connection.execute_batch(&format!("SAVEPOINT s{}", saved.len())).unwrap();
                saved.push(world.clone());
            }
            14 => {
                if let Some(before) = saved.last() {
                    world.clone_from(before);
                    connection.execute_batch(&format!("ROLLBACK TO s{}", saved.len() - 1)).unwrap();
                }
            }
            // Commits.
            13 => {
                if !saved.is_empty() {
                    connection.execute_batch("RELEASE s0").unwrap();
                    saved.clear();
                }
            }
            // The other connection writes, where this one holds no lock.
            11 | 12 if saved.is_empty() => {
                let one = random_change(tape, world, false);
                change(other, world, &one, tape.chance(8));
                changed = one.subject();
                agree_after(&mut there, world, usual, &changed);
            }
            _ => {
                let one = random_change(tape, world, false);
                changed = one.subject();
                // Asked just before, its answers are kept, and would be stale if the change left no trace.
                agree_after(&mut here, world, Share { checks: 64, others: 256 }, &changed);
                change(connection, world, &one, tape.chance(8));
            }
        }
        step += 1;
        agree_after(&mut here, world, if step % 8 == 0 { Share { checks: 3, others: 12 } } else { usual }, &changed);
    }
    agree(&mut here, world, Share { checks: 1, others: 4 });
    if !saved.is_empty() {
        connection.execute_batch("RELEASE s0").unwrap();
    }
    agree(&mut there, world, Share { checks: 2, others: 12 });
}
