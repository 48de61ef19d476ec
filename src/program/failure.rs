//! Failing: what a program says where it cannot go on.

use std::fmt;

/// A sentence for standard error; the exit status is 2.
pub(crate) struct Failure(pub(crate) String);

impl<E: fmt::Display> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.to_string())
    }
}
