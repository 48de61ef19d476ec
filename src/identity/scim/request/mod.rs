//! What a SCIM request says, read and decided without SQLite: names and paths ([`path`]), filters ([`filter`]), operations ([`patch`]),
//! resources ([`resource`]), what is asked for ([`query`]), and the form of an answer ([`answer`]).
//!
//! Pure: what a request does to the file is not known in here.

pub(crate) mod answer;
pub(crate) mod filter;
pub(crate) mod name;
pub(crate) mod patch;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod resource;
pub(crate) mod schemas;
