//! What a request is answered with: a resource, a list, or an error in SCIM's form (RFC 7644, section 3.12).

use serde_json::{Map, Value, json};

/// A refusal that the provider is told of, in the form of RFC 7644.
#[derive(Debug)]
pub(crate) struct ScimError {
    status: u16,
    scim_type: Option<&'static str>,
    detail: String,
}

/// What a request says, or why it is refused.
pub(crate) type Read<T> = std::result::Result<T, ScimError>;

/// A refusal with a status of its own.
pub(crate) fn refused(status: u16, detail: impl Into<String>) -> ScimError {
    ScimError { status, scim_type: None, detail: detail.into() }
}

/// A bad request, of one of the kinds that the standard names.
pub(crate) fn bad(scim_type: &'static str, detail: impl Into<String>) -> ScimError {
    ScimError { status: 400, scim_type: Some(scim_type), detail: detail.into() }
}

/// Somebody has that already.
pub(crate) fn taken(detail: impl Into<String>) -> ScimError {
    ScimError { status: 409, scim_type: Some("uniqueness"), detail: detail.into() }
}

/// The status and the body of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Value>) -> Answer {
        Answer { status, body: Some(body.into()) }
    }

    pub(crate) fn empty() -> Answer {
        Answer { status: 204, body: None }
    }

    /// `{"status": 201, "body": {…}}`, without a body where there is none.
    pub(crate) fn json(self) -> String {
        let mut answer = Map::new();
        answer.insert("status".to_owned(), self.status.into());
        if let Some(body) = self.body {
            answer.insert("body".to_owned(), body);
        }
        Value::Object(answer).to_string()
    }
}

impl From<ScimError> for Answer {
    fn from(refusal: ScimError) -> Answer {
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
pub(crate) fn list(total: usize, start: usize, resources: Vec<Value>) -> Answer {
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
