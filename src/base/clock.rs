//! The clock by which functions judge what has expired.
//!
//! It is the clock of the database until a connection moves it forward, for a test or a rehearsal: then it stands at the time that was set,
//! for that connection alone, until the clock of the database has come there too. Views and triggers of the file know nothing of it and go
//! by the clock of the database; so does `created_at` of events, by which the outbox keeps its order.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use super::time::{Millis, written};

/// The clock of a connection.
#[derive(Default)]
pub(crate) struct Clock {
    set: Cell<Option<Millis>>,
    moves: Cell<u64>,
}

impl Clock {
    /// The time in use, as a number.
    pub(crate) fn now(&self) -> Millis {
        let database = database();
        self.set.get().map_or(database, |set| set.max(database))
    }

    /// The time in use, as it is written.
    pub(crate) fn text(&self) -> String {
        written(self.now())
    }

    /// How often the clock was moved: whatever was judged before the last time may be otherwise now.
    pub(crate) fn moves(&self) -> u64 {
        self.moves.get()
    }

    /// Moves the clock to a time, `None` for the clock of the database. → Whether that is another than before.
    pub(crate) fn set(&self, time: Option<Millis>) -> bool {
        let is_moved = self.set.replace(time) != time;
        if is_moved {
            self.moves.set(self.moves() + 1);
        }
        is_moved
    }
}

/// The clock of the database.
pub(crate) fn database() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX))
}
