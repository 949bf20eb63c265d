//! From errors to problems: the one place where an error becomes an HTTP status.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared_types::{Code, Problem};
use sotto_core::{Error, Refusal};
use tracing::error;

/// An error on its way out.
#[derive(Debug)]
pub struct Fault(pub Problem);

impl Fault {
    /// A fault of this code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Problem::new(code, detail))
    }

    /// A field that breaks a rule.
    pub fn field(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self(Problem::new(Code::Invalid, rule).at(field))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(problem(error))
    }
}

/// What the outside is told of an error. Causes inside are logged, once, here.
pub fn problem(error: Error) -> Problem {
    match error {
        Error::Refused(Refusal { code, detail, field, retry_after, refresh }) => {
            Problem { field: field.map(Into::into), retry_after, refresh, ..Problem::new(code, detail) }
        }
        Error::Port(error) => {
            error!(%error, port = error.port, "a port did not answer");
            let detail = format!("{} is not available; nothing was taken, try again", error.port);
            Problem { retry_after: Some(1), ..Problem::new(Code::Unavailable, detail) }
        }
    }
}

/// A response that carries a problem; [`super::layers::finish`] writes its body, for it knows the request's id.
pub(super) fn carry(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = status.into_response();
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.extensions_mut().insert(problem);
    response
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        carry(self.0)
    }
}
