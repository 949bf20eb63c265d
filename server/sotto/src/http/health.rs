//! Whether the process lives, whether it can work, and what it is.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Json, extract::State, http::StatusCode};
use metrics::gauge;
use shared_types::http::{Readiness, ServerInfo};
use sotto_core::ports::Lane;
use sotto_embedded::Store;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Door;

/// The pod's state of health.
#[derive(Clone)]
pub struct Health {
    /// The store that most ports stand on.
    pub store: Store,
    draining: Arc<AtomicBool>,
}

impl Health {
    /// Of a pod that is up.
    pub fn new(store: Store) -> Self {
        Self { store, draining: Arc::default() }
    }

    /// From now on the pod is not ready: it is going.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

pub(super) fn api_routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(server))
}

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "Alive")))]
async fn healthz() -> &'static str {
    "ok"
}

/// The ports answer.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "All ports answer", body = Readiness),
    (status = 503, description = "One does not, or the pod is going", body = Readiness),
))]
async fn readyz(State(door): State<Door>) -> (StatusCode, Json<Readiness>) {
    let word = |trouble: Option<String>| trouble.unwrap_or_else(|| "ok".into());
    let store = door.health.store.trouble();
    let queue = door.app.queue.depth(Lane::Partition(0)).await.err().map(|error| error.to_string());
    let draining = door.health.draining.load(Ordering::Relaxed).then(|| "draining".to_owned());
    let ready = store.is_none() && queue.is_none() && draining.is_none();
    let ports = [
        ("pod", word(draining)),
        ("store", word(store.clone())),
        ("queue", word(queue.or(store))),
        ("cache", word(None)),
        ("delivery", word(None)),
    ];
    for (port, state) in &ports {
        gauge!("sotto_backend_up", "port" => *port).set(if state == "ok" { 1.0 } else { 0.0 });
    }
    let ports = ports.into_iter().map(|(port, state)| (port.to_owned(), state)).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, ports }))
}

/// What a client may know before it signs in.
#[utoipa::path(get, path = "/server", tag = "health", responses((status = 200, body = ServerInfo)))]
async fn server(State(door): State<Door>) -> Json<ServerInfo> {
    Json((*door.info).clone())
}
