//! What a request is answered with: a resource, a list, or an error in SCIM's form (RFC 7644, section 3.12).

use serde_json::{Map, Value, json};

use crate::sqlite::error::Error;

/// A refusal that the provider is told of.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    scim_type: Option<&'static str>,
    detail: String,
}

/// Why a request has no answer of its own.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request is at fault: the provider is told.
    Refused(Refusal),
    /// We are: the caller gets an SQL error.
    Internal(Error),
}

pub(super) type Outcome<T> = std::result::Result<T, Failure>;

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

/// A refusal with a status of its own.
pub(super) fn refused(status: u16, detail: impl Into<String>) -> Failure {
    Failure::Refused(Refusal { status, scim_type: None, detail: detail.into() })
}

/// A bad request, of one of the kinds that the standard names.
pub(super) fn bad(scim_type: &'static str, detail: impl Into<String>) -> Failure {
    Failure::Refused(Refusal { status: 400, scim_type: Some(scim_type), detail: detail.into() })
}

/// Somebody has that already.
pub(super) fn taken(detail: impl Into<String>) -> Failure {
    Failure::Refused(Refusal { status: 409, scim_type: Some("uniqueness"), detail: detail.into() })
}

/// The status and the body of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<Value>) -> Answer {
        Answer { status, body: Some(body.into()) }
    }

    pub(super) fn empty() -> Answer {
        Answer { status: 204, body: None }
    }

    /// `{"status": 201, "body": {…}}`, without a body where there is none.
    pub(super) fn json(self) -> String {
        let mut answer = Map::new();
        answer.insert("status".to_owned(), self.status.into());
        if let Some(body) = self.body {
            answer.insert("body".to_owned(), body);
        }
        Value::Object(answer).to_string()
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": refusal.status.to_string(),
            "detail": refusal.detail,
        });
        if let (Some(kind), Some(body)) = (refusal.scim_type, body.as_object_mut()) {
            body.insert("scimType".to_owned(), kind.into());
        }
        Answer::new(refusal.status, body)
    }
}

/// A page of a list: `total` is how many there are on all pages.
pub(super) fn list(total: usize, start: usize, resources: Vec<Value>) -> Answer {
    Answer::new(
        200,
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        }),
    )
}
