//! Whether the process lives, whether it can work, and what it is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics::gauge;
use shared_types::http::{Readiness, ServerInfo};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Door;
use crate::wire::Engines;

/// The pod's state of health.
#[derive(Clone)]
pub struct Health {
    /// What stands behind the ports.
    engines: Arc<dyn Engines>,
    draining: Arc<AtomicBool>,
}

impl Health {
    /// Of a pod that is up.
    pub fn new(engines: Arc<dyn Engines>) -> Self {
        Self { engines, draining: Arc::default() }
    }

    /// From now on the pod is not ready: it is going.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

pub(super) fn routes(health: Health) -> OpenApiRouter<Door> {
    let routes = OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz));
    routes.with_state(health)
}

/// The health checks alone: of a pod that has no other doors.
pub fn alone(health: Health) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).with_state(health)
}

pub(super) fn api_routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(server))
}

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "Alive")))]
async fn healthz() -> &'static str {
    "ok"
}

/// The ports answer. Without its cache or its blobs a pod is not well, and says so, but works on.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "It can work", body = Readiness),
    (status = 503, description = "It can't, or the pod is going", body = Readiness),
))]
async fn readyz(State(health): State<Health>) -> (StatusCode, Json<Readiness>) {
    let word = |trouble: Option<String>| trouble.unwrap_or_else(|| "ok".into());
    let draining = health.draining.load(Ordering::Relaxed).then(|| "draining".to_owned());
    let mut ready = draining.is_none();
    let mut ports = BTreeMap::from([("pod".to_owned(), word(draining))]);
    for state in health.engines.look().await {
        gauge!("sotto_backend_up", "port" => state.port).set(if state.trouble.is_none() { 1.0 } else { 0.0 });
        ready &= state.trouble.is_none() || !state.vital;
        ports.insert(state.port.to_owned(), word(state.trouble));
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, ports }))
}

/// What a client may know before it signs in.
#[utoipa::path(get, path = "/server", tag = "health", responses((status = 200, body = ServerInfo)))]
async fn server(State(door): State<Door>) -> Json<ServerInfo> {
    Json((*door.info).clone())
}
