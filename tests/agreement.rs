//! Random histories of roles, groups and the hierarchy, in which every way of asking is held against the naive model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod naive;
mod needs;

use naive::World;
use naive::history::{again, apply, live, open};
use naive::tape::Tape;
use naive::world::plain_model;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: needs::cases(24), ..ProptestConfig::default() })]

    #[test]
    fn every_way_of_asking_agrees_over_random_histories(bytes in prop::collection::vec(any::<u8>(), 60..400), wal in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.db");
        let connection = open(&path);
        if wal {
            connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        }
        let other = again(&path);
        let mut world = World { model: plain_model(), ..World::default() };
        apply(&connection, &world.model.json().to_string()).unwrap();
        live(&mut Tape::new(bytes), &mut world, &connection, &other);
        other.close().map_err(|(_, error)| error).unwrap();
        connection.close().map_err(|(_, error)| error).unwrap();
    }
}
