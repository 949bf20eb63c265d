//! What happens around every request: its id, its problem's body, its measure.

use std::time::Instant;

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use metrics::histogram;
use shared_types::Problem;
use tracing::{Instrument as _, debug, info_span};
use uuid::Uuid;

const REQUEST_ID: &str = "x-request-id";

/// Gives the request an id, and writes the body of a problem with it.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let span = info_span!("request", request.id = %id, method = %request.method(), path = request.uri().path());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    debug!(request.id = %id, code = ?problem.code, "refused: {}", problem.detail);
    let body = serde_json::to_vec(&Problem { request_id: id, ..problem }).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(body))
}

/// The method, if it is one that exists: a stranger's invention would be a series of its own for ever.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// Measures a request by its route, never by its ids.
pub(super) async fn measure(path: MatchedPath, request: Request, next: Next) -> Response {
    let (start, method) = (Instant::now(), known(request.method()));
    let response = next.run(request).await;
    let labels = [
        ("method", method.to_owned()),
        ("route", path.as_str().to_owned()),
        ("status", response.status().as_u16().to_string()),
    ];
    histogram!("sotto_http_request_duration_seconds", &labels).record(start.elapsed().as_secs_f64());
    response
}
