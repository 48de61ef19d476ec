//! Why a request has no answer of its own.

use super::request::answer::{ScimError, refused};
use super::request::resource::shown;
use super::request::schemas::ResourceKind;
use crate::sqlite::error::Error;

/// Why a request has no answer of its own.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request is at fault: the provider is told.
    Refused(ScimError),
    /// We are: the caller gets an SQL error.
    Internal(Error),
}

/// The outcome of carrying a request out.
pub(super) type Outcome<T> = std::result::Result<T, Failure>;

impl From<ScimError> for Failure {
    fn from(refusal: ScimError) -> Failure {
        Failure::Refused(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Internal(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Internal(error.into())
    }
}

/// There is no resource of that id.
pub(super) fn missing(kind: ResourceKind, id: &str) -> Failure {
    refused(404, format!("there is no {} `{}`", kind.name().to_lowercase(), shown(id))).into()
}
