//! How much a connection keeps between questions, and from when on it goes another way to an answer.
//!
//! Each way gives the same answer: limits are about time and memory alone. The tests set them so low that every way is gone and every
//! cache overflows.

use crate::sqlite::row_function::NEVER;

/// The limits of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many bytes are kept at the most, by an estimate
    pub(crate) kept_bytes: usize,
    /// How many sets of what a subject sees are kept at the most
    pub(crate) kept_sets: usize,
    /// Up to so many relationships of a resource are read and kept together
    pub(crate) few: usize,
    /// A subject that more usersets contain is wide: what contains it is gathered only where the other side is wide as well
    pub(crate) wide: usize,
    /// A subject that holds more roles has them looked up where the question leads, instead of gathered
    pub(crate) gathered: usize,
    /// After so many rows a statement is taken for one that asks about many; 0 makes the set at once, [`NEVER`] never
    pub(crate) scan_rows: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { kept_bytes: 48 << 20, kept_sets: 16, few: 64, wide: 4096, gathered: 50_000, scan_rows: 64 }
    }
}

/// Their names, as [`Limits::named`] knows them.
pub(crate) const NAMES: [&str; 6] = ["kept_bytes", "kept_sets", "few", "wide", "gathered", "scan_rows"];

impl Limits {
    /// The limit of that name, with the least and the most it may be.
    pub(crate) fn named(&mut self, name: &str) -> Option<(&mut usize, usize, usize)> {
        let most = u32::MAX as usize;
        Some(match name {
            "kept_bytes" => (&mut self.kept_bytes, 0, most),
            "kept_sets" => (&mut self.kept_sets, 1, most),
            "few" => (&mut self.few, 1, most),
            "wide" => (&mut self.wide, 1, most),
            "gathered" => (&mut self.gathered, 0, most),
            "scan_rows" => (&mut self.scan_rows, 0, NEVER),
            _ => return None,
        })
    }
}
