//! In front of the engine: refuses foreign pages, limits the number of sockets, and keeps requests small.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use hyper::upgrade::OnUpgrade;
use shared_types::{Code, Problem};
use tower::{Service, ServiceExt as _};

use super::{direct, gate::Gate, registry::Registry};
use crate::http::Fault;

/// The headers that the engine reads; every other one would be kept for the socket's life.
const KEPT: &[HeaderName] = &[
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
];

/// Wraps the engine's service.
#[derive(Clone)]
pub(super) struct Detached<S> {
    engine: S,
    gate: Arc<Gate>,
    registry: Arc<Registry>,
    allowed: Allowed,
}

/// Who may connect.
#[derive(Clone)]
pub struct Allowed {
    /// Pages besides this server's own.
    pub origins: Vec<String>,
    /// The most sockets at a time.
    pub sockets: usize,
}

impl<S> Detached<S> {
    pub(super) const fn new(engine: S, gate: Arc<Gate>, registry: Arc<Registry>, allowed: Allowed) -> Self {
        Self { engine, gate, registry, allowed }
    }

    /// Why this request may not reach the engine, if it may not.
    fn refusal(&self, parts: &Parts) -> Option<Fault> {
        if !from_an_allowed_page(parts, &self.allowed.origins) {
            return Some(Fault::new(Code::BadOrigin, "this page may not connect here; see SOTTO_PUBLIC_URL"));
        }
        // Requests of a session that is there name it; the others begin one.
        let begins = !parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("sid=")));
        (begins && self.registry.len() >= self.allowed.sockets)
            .then(|| Fault(Problem { retry_after: Some(5), ..Problem::new(Code::Unavailable, "this pod is full") }))
    }
}

impl<S, B> Service<Request<Body>> for Detached<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (parts, body) = request.into_parts();
        if let Some(fault) = self.refusal(&parts) {
            return Box::pin(async move { Ok(fault.into_response()) });
        }
        if direct::is_ours(&parts) {
            let response = direct::accept(&self.gate, small(parts));
            return Box::pin(async move { Ok(response) });
        }
        let request = Request::from_parts(small(parts), body);
        let engine = self.engine.clone();
        Box::pin(async move { Ok(engine.oneshot(request).await?.map(Body::new)) })
    }
}

/// Browsers send the page's origin and let any page open a WebSocket: here it must be this server's own, or a listed
/// one. Other programs send none.
fn from_an_allowed_page(parts: &Parts, origins: &[String]) -> bool {
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
    own || origins.iter().any(|allowed| allowed == origin)
}

/// The request without what would pin the connection's read buffer: header values and the URI are slices of it.
fn small(mut parts: Parts) -> Parts {
    let mut headers = HeaderMap::with_capacity(KEPT.len());
    for name in KEPT {
        if let Some(Ok(value)) = parts.headers.get(name).map(|value| HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    }
    let uri = parts.uri.path_and_query().and_then(|path| path.as_str().parse::<Uri>().ok()).unwrap_or_default();
    let upgrade = parts.extensions.remove::<OnUpgrade>();
    let mut fresh = Request::new(()).into_parts().0;
    fresh.method = parts.method;
    fresh.uri = uri;
    fresh.headers = headers;
    if let Some(upgrade) = upgrade {
        fresh.extensions.insert(upgrade);
    }
    fresh
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>) -> bool {
        let mut request = Request::builder().header(header::HOST, "chat.example.org");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        from_an_allowed_page(&request.body(()).unwrap().into_parts().0, &["tauri://localhost".into()])
    }

    #[test]
    fn only_our_own_pages_and_listed_ones_connect() {
        assert!(allowed(None));
        assert!(allowed(Some("https://chat.example.org")));
        assert!(allowed(Some("tauri://localhost")));
        assert!(!allowed(Some("https://evil.example")));
        assert!(!allowed(Some("https://chat.example.org.evil.example")));
        assert!(!allowed(Some("null")));
    }

    #[test]
    fn a_small_request_keeps_what_the_engine_needs() {
        let request = Request::builder()
            .uri("/socket.io/?EIO=4&transport=websocket")
            .header(header::UPGRADE, "websocket")
            .header(header::COOKIE, "large")
            .body(())
            .unwrap();
        let small = small(request.into_parts().0);
        assert_eq!(small.uri, "/socket.io/?EIO=4&transport=websocket");
        assert_eq!(small.headers.len(), 1);
    }
}
