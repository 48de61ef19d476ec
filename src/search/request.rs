//! A search that is going on.

use std::cell::{Cell, RefCell};

use super::cache::Search;
use super::score::{Query, Scratch};
use super::viewer::{Eyes, Viewer};
use crate::sqlite::connection::Engine;

/// A search that is going on.
pub(super) struct Request<'a> {
    pub(super) search: &'a Search,
    pub(super) engine: &'a Engine,
    pub(super) eyes: Eyes<'a>,
    pub(super) viewer: &'a Viewer,
    pub(super) query: &'a Query,
    pub(super) limit: usize,
    /// Bit n is set when the statement reads column n
    pub(super) columns_used: u32,
    pub(super) scratch: RefCell<Scratch>,
    /// The most resources that had to be looked at for one page
    pub(super) looked_at: Cell<u32>,
}
