//! What the whole program knows.

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
}
