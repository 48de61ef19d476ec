//! Why there is no answer.

use axum::http::StatusCode;

/// Why there is no answer.
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) sentence: String,
}

impl Problem {
    pub(crate) fn refused(sentence: impl Into<String>) -> Problem {
        Problem { status: StatusCode::UNPROCESSABLE_ENTITY, sentence: sentence.into() }
    }

    pub(crate) fn missing(sentence: impl Into<String>) -> Problem {
        Problem { status: StatusCode::NOT_FOUND, sentence: sentence.into() }
    }

    pub(crate) fn busy(sentence: impl Into<String>) -> Problem {
        Problem { status: StatusCode::SERVICE_UNAVAILABLE, sentence: sentence.into() }
    }

    pub(crate) fn slow(sentence: impl Into<String>) -> Problem {
        Problem { status: StatusCode::REQUEST_TIMEOUT, sentence: sentence.into() }
    }

    pub(crate) fn broken(sentence: impl Into<String>) -> Problem {
        Problem { status: StatusCode::INTERNAL_SERVER_ERROR, sentence: sentence.into() }
    }
}
