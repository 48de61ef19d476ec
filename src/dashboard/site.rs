//! What the whole program knows.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;

use super::file::File;
use super::gate::Gate;

/// What is told: how often somebody has committed since the program began, and the last event. `None` says that the program ends.
pub(crate) type News = Option<(u64, i64)>;

/// What the whole program knows.
pub(crate) struct Site {
    pub(crate) gate: Gate,
    pub(crate) file: File,
    /// The name of the file, for titles
    pub(crate) name: String,
    pub(crate) read_only: bool,
    pub(crate) news: watch::Receiver<News>,
    /// How long the head of a request may take to arrive, and its body again
    pub(crate) patience: Duration,
    /// Where the file is that leads the browser here
    pub(crate) opening: Mutex<Option<TempDir>>,
}

impl Site {
    /// Somebody has come in, or nobody will any more: deletes the file that leads here.
    pub(crate) fn close_opening(&self) {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
