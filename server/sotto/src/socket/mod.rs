//! The socket door: Socket.IO (protocol 5) over `engineioxide`, one namespace, one use case a call.
//!
//! The engine is socketioxide's own; the thin layer above it is ours, because a refused connection must carry a code,
//! a full socket must be closable, and an idle one must be small (`docs/dependencies.md`).

mod calls;
mod deliver;
mod detach;
mod direct;
mod gate;
mod give;
mod inbox;
mod late;
mod packet;
mod registry;
mod sock;
mod sweep;
mod told;

use std::{sync::Arc, time::Duration};

use axum::Router;
use engineioxide::{config::EngineIoConfig, service::EngineIoService};
use sotto_core::{App, ports::PodId};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use deliver::deliver;
pub use detach::Allowed;
pub use registry::Registry;
pub use sweep::{drain, sweep};

/// The path that clients connect to.
const PATH: &str = "/socket.io";
/// How many packets may wait for a slow reader before it is cut off.
const MOST_WAITING: usize = 256;
/// The largest frame: an envelope at its limit and what stands around it.
const MOST_BYTES: usize = 160 * 1_024;

/// How often a client is asked whether it lives, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(25);
const PING_PATIENCE: Duration = Duration::from_secs(20);

/// What the socket door needs.
#[derive(Clone)]
pub struct Pod {
    /// The use cases' world.
    pub app: App,
    /// This pod's name.
    pub id: PodId,
    /// The connected sockets.
    pub registry: Arc<Registry>,
    /// Where work is spawned, so that a stop waits for it.
    pub tasks: TaskTracker,
    /// Told when the pod stops.
    pub stop: CancellationToken,
}

/// Adds the socket's path to a router.
pub fn mount(router: Router, pod: &Pod, allowed: Allowed) -> Router {
    let config = EngineIoConfig::builder()
        .req_path(PATH)
        .max_buffer_size(MOST_WAITING)
        .max_payload(MOST_BYTES as u64)
        .ws_read_buffer_size(512)
        .ws_max_message_size(MOST_BYTES)
        .ws_max_frame_size(MOST_BYTES)
        .ping_interval(PING_EVERY)
        .ping_timeout(PING_PATIENCE)
        .build();
    let gate = Arc::new(gate::Gate::new(pod.clone()));
    let engine = EngineIoService::with_config(Arc::clone(&gate), config);
    let service = detach::Detached::new(engine, gate, Arc::clone(&pod.registry), allowed);
    router.route_service(PATH, service.clone()).route_service(&format!("{PATH}/"), service)
}
