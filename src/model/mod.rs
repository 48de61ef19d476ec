//! The model: from a text to a document, from a document to what has to change, and from the definitions in force to rules.
//!
//! | file | what happens there |
//! |---|---|
//! | `tokens.rs`, `definition.rs`, `language.rs` | the modelling language: its words, the rule of a relation, a whole model |
//! | `vocabulary.rs` | what rules may name |
//! | `document.rs`, `writing.rs` | the model document: read in either notation, written down in either |
//! | `in_force.rs` | the model in force, as the tables say it |
//! | `difference/`, `plan.rs` | a document held against the model in force: the changes in an order in which they can be written, and what must not be in their way |
//! | `compiled.rs` | the definitions in force as rules, every name resolved: what decisions use |
//!
//! A document owns rows, not things: what it declared and the next one leaves out goes, what was made otherwise stays. That holds for
//! each parent of a type and for each permission of a role by itself.
//!
//! Pure. May use: `base`, `decide`. The tables of the model are read and written by `manage::model`.

pub(crate) mod compiled;
pub(crate) mod definition;
pub(crate) mod difference;
pub(crate) mod document;
pub(crate) mod in_force;
pub(crate) mod language;
pub(crate) mod plan;
pub(crate) mod tokens;
pub(crate) mod vocabulary;
pub(crate) mod writing;
