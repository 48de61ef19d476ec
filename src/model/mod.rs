//! The model: what the tables say, and what has to change so that they say what a document says. No SQLite in here.
//!
//! [`diff`] holds a [`Document`] against the model in force and yields a [`Plan`]: the changes in the order in which they can be written,
//! and the questions about resources, assignments and relationships that have to be answered with no before any of them may be.
//!
//! A document owns rows, not things: what it declared and the next one leaves out goes, what was made otherwise stays. That holds for
//! each parent of a type and for each permission of a role by itself.

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
