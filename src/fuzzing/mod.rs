//! What the fuzz targets call: each pure reader as a function of bytes that panics where a property does not hold.
//!
//! Nobody else uses this: it is there with the feature `fuzzing` only, which the tests turn on. `tests/fuzz.rs` runs every reader over the kept
//! seeds and over changes of them; `fuzz/` has a target of libFuzzer for each.
//!
//! | file | what is read |
//! |---|---|
//! | `model.rs` | the modelling language, a rule, the model document |
//! | `scim.rs` | filters, paths, the operations of a PATCH, queries |
//! | `claims.rs` | templates of claims, paths of attributes |
//! | `words.rs` | times, searches, the arguments of `authz_hierarchy` |
//!
//! May use: `base`, `model`, `access`, `identity`, `search`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod claims;
mod model;
mod scim;
mod words;

/// A reader with its checks, as a function of whatever bytes.
pub type Reader = fn(&[u8]);

/// Every reader by its name, which is also that of its seeds and of its target.
pub const READERS: [(&str, Reader); 12] = [
    ("attribute_path", |bytes| text(bytes, claims::attribute_path)),
    ("claims_template", |bytes| text(bytes, claims::template)),
    ("hierarchy_arguments", |bytes| text(bytes, words::hierarchy_arguments)),
    ("model_document", |bytes| text(bytes, model::document)),
    ("model_language", |bytes| text(bytes, model::language)),
    ("relation_rule", |bytes| text(bytes, model::rule)),
    ("scim_filter", |bytes| text(bytes, scim::filter)),
    ("scim_patch", |bytes| text(bytes, scim::patch)),
    ("scim_path", |bytes| text(bytes, scim::path)),
    ("scim_query", |bytes| text(bytes, scim::query)),
    ("search_query", |bytes| text(bytes, words::search)),
    ("time", |bytes| text(bytes, words::time)),
];

/// The reader of this name, for the targets.
///
/// # Panics
/// There is none.
#[must_use]
pub fn reader(name: &str) -> Reader {
    READERS.iter().find(|(known, _)| *known == name).expect("a reader of this name").1
}

/// SQL hands over text alone, so bytes that are none are not read.
fn text(bytes: &[u8], read: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        read(text);
    }
}
