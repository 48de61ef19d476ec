//! What the callbacks of one connection share.

/// What the callbacks of one connection share, for SQLite and rusqlite to carry about.
pub(crate) struct OfConnection<T>(T);

impl<T> OfConnection<T> {
    pub(crate) fn new(shared: T) -> OfConnection<T> {
        OfConnection(shared)
    }

    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

// SAFETY: SQLite runs every callback of a connection under that connection's mutex, and a host that has turned the mutexes off has
// promised to use a connection from one thread at a time. What is in here is reached through those callbacks only, and so is all that it
// shares with others of them.
unsafe impl<T> Send for OfConnection<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OfConnection<T> {}
