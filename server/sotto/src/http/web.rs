//! The built web client: compressed ahead of time, cached for good where names hold a hash, under a strict policy.

use std::path::PathBuf;

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use tower::ServiceExt as _;
use tower_http::services::{ServeDir, ServeFile};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'none'";
/// The page that reads the API's description brings its own styles.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The longest file name of common file systems, in bytes.
const LONGEST_NAME: usize = 255;

const NOT_BUILT: &str = "<!doctype html><html lang=en><title>Sotto</title><p>Sotto is running. Its web client is not \
    here: set SOTTO_WEB_DIR to the folder of the built client. <a href=/api/docs>The API</a> works.";

/// Adds the client behind everything that `router` knows, and the headers that every answer has.
pub(super) fn serve(router: Router, dir: Option<&PathBuf>) -> Router {
    let router = match dir {
        Some(dir) => {
            let index = ServeFile::new(dir.join("index.html")).precompressed_br().precompressed_gzip();
            let files = ServeDir::new(dir).precompressed_br().precompressed_gzip();
            router.fallback(async move |request: Request| {
                // A path without an extension is a place in the client; a missing file stays missing.
                let path = request.uri().path();
                if path.split('/').any(|segment| segment.len() > LONGEST_NAME) {
                    return StatusCode::NOT_FOUND.into_response();
                }
                let is_place = !path.starts_with("/assets/")
                    && !request.uri().path().rsplit('/').next().is_some_and(|name| name.contains('.'));
                let answer = if is_place {
                    index.clone().oneshot(request).await.map(axum::response::IntoResponse::into_response)
                } else {
                    files.clone().oneshot(request).await.map(axum::response::IntoResponse::into_response)
                };
                answer.unwrap_or_else(|never| match never {})
            })
        }
        None => router.route("/", get(async || Html(NOT_BUILT))).fallback(async || StatusCode::NOT_FOUND),
    };
    router.layer(middleware::from_fn(headers))
}

async fn headers(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let policy = if path.starts_with("/api/docs") { DOCS_POLICY } else { POLICY };
    let cached = match path {
        path if path.starts_with("/assets/") => Some("public, max-age=31536000, immutable"),
        path if path.starts_with("/api/v1") => Some("no-store"),
        path if path.starts_with("/api/") || path.starts_with("/socket.io") => None,
        _ => Some("no-cache"),
    };
    let path_is_api = path.starts_with("/api/v1");
    let mut response = next.run(request).await;
    // An answer under the API is nobody else's, a refusal neither.
    let found = path_is_api || response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), geolocation=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(value) = cached.filter(|_| found) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    }
    response.into_response()
}
