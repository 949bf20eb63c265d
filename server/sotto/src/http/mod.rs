//! The HTTP door: each handler parses, calls one use case, and renders.

mod account;
mod backup;
mod conversations;
mod docs;
mod extract;
mod fault;
mod health;
mod keys;
mod layers;
mod listen;
mod messages;
mod people;
mod sync;
mod web;

use std::{path::PathBuf, sync::Arc};

use axum::{Router, middleware};
use metrics_exporter_prometheus::PrometheusHandle;
use shared_types::{Code, Problem, http::ServerInfo};
use sotto_core::App;
use utoipa_axum::router::OpenApiRouter;

pub use extract::parse;
pub use fault::{Fault, problem};
pub use health::{Health, alone};
pub use listen::{Listening, listen};

/// What handlers are given.
#[derive(Clone)]
pub struct Door {
    /// The use cases' world.
    pub app: App,
    /// What a client may know before it signs in.
    pub info: Arc<ServerInfo>,
    /// Whether the pod is well.
    pub health: Health,
    /// How many trusted proxies stand in front.
    pub proxies: usize,
}

/// Everything under `/api`, the health checks and the web client; `with_sockets` adds the socket's path.
pub fn router(door: Door, web_dir: Option<&PathBuf>, with_sockets: impl FnOnce(Router) -> Router) -> Router {
    let (api, openapi) = OpenApiRouter::with_openapi(docs::about())
        .nest(
            "/api/v1",
            OpenApiRouter::new()
                .merge(account::routes())
                .merge(people::routes())
                .merge(conversations::routes())
                .merge(messages::routes())
                .merge(keys::routes())
                .merge(backup::routes())
                .merge(sync::routes())
                .merge(health::api_routes()),
        )
        .merge(health::routes(door.health.clone()))
        .split_for_parts();
    let api = api
        .route("/api/{*rest}", axum::routing::any(async || Fault::new(Code::NotFound, "there is no such path")))
        .method_not_allowed_fallback(async || Fault::new(Code::MethodNotAllowed, "this path has other methods"))
        .route_layer(middleware::from_fn(layers::measure))
        .with_state(door)
        .merge(docs::pages(openapi));
    web::serve(with_sockets(api), web_dir)
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            // What happened was logged by the panic hook; the outside learns the request's id.
            fault::carry(Problem::new(Code::Internal, "a defect; it was logged"))
        }))
        .layer(middleware::from_fn(layers::finish))
}

/// What stands on the metrics address alone.
pub fn metrics_router(handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", axum::routing::get(async move || handle.render()))
}
