//! From an HTTP request to a socket of our own (RFC 6455, section 4.2).

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::debug;
use tungstenite::handshake::derive_accept_key;

use super::{super::gate::Gate, Direct, live};
use crate::socket::sock::Sock;

/// Whether a request begins a WebSocket; those that go on from long polling name their session.
pub(in super::super) fn is_ours(parts: &Parts) -> bool {
    let has = |wanted: &str| parts.uri.query().unwrap_or_default().split('&').any(|pair| pair == wanted);
    let begins = !parts.uri.query().unwrap_or_default().split('&').any(|pair| pair.starts_with("sid="));
    let upgrades =
        parts.headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let version = parts.headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    parts.method == Method::GET
        && has("EIO=4")
        && has("transport=websocket")
        && begins
        && upgrades
        && version
        && parts.headers.contains_key(header::SEC_WEBSOCKET_KEY)
        && parts.extensions.get::<OnUpgrade>().is_some()
}

/// Answers such a request; the socket lives from then on.
pub(in super::super) fn accept(gate: &Arc<Gate>, mut parts: Parts) -> Response {
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let accept = key.and_then(|key| HeaderValue::try_from(key).ok());
    let (Some(accept), Some(upgrade)) = (accept, parts.extensions.remove::<OnUpgrade>()) else {
        return refused();
    };
    let gate = Arc::clone(gate);
    gate.tasks().clone().spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            debug!("a connection that is no TCP stream was upgraded");
            return;
        };
        let line = Direct::new(parts.io.into_inner(), &parts.read_buf);
        // In a task of its own, which is no larger than it must be.
        gate.tasks().clone().spawn(live(gate, Sock::direct(line)));
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

fn refused() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
