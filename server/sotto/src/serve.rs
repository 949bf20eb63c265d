//! A pod's life: start, serve, drain, end.

use std::{sync::Arc, time::Duration};

use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use shared_types::http::ServerInfo;
use sotto_core::{
    App,
    domain::entry::Plaintext,
    ports::{Lane, PodId},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    cli::Role,
    config::Settings,
    demo, http,
    secrets::Cost,
    socket::{self, Pod, Registry},
    telemetry, wire, worker,
};

/// The desktop client's pages have this origin.
const DESKTOP: &str = "tauri://localhost";

/// Runs a pod until it is told to stop.
pub async fn serve(settings: Settings, role: Role, with_demo: bool) -> anyhow::Result<()> {
    let wired = wire::wire(&settings, Cost::Real).await?;
    let listening = http::listen("SOTTO_LISTEN", settings.listen).await?;
    let metrics_listening = http::listen("SOTTO_METRICS_LISTEN", settings.metrics_listen).await?;
    let metrics = telemetry::start_metrics()?;
    warn_of_loud_settings(&settings);

    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let health = http::Health::new(wired.engines.clone());
    // From the first moment on, whoever asks is told what the pod waits for.
    tasks.spawn(metrics_listening.serve(http::metrics_router(metrics.clone()), stop.clone()));
    let (accepting, serving, address) = (CancellationToken::new(), TaskTracker::new(), listening.address);
    let pod = match role {
        Role::Worker => {
            serving.spawn(listening.serve(http::alone(health.clone()), accepting.clone()));
            None
        }
        Role::All | Role::Api => {
            let pod = start_pod(wired.app.clone(), &tasks, &stop).await?;
            let door = http::Door {
                app: wired.app.clone(),
                info: Arc::new(info_of(&settings)),
                health: health.clone(),
                proxies: settings.proxies,
            };
            let allowed = socket::Allowed {
                origins: settings.public_url.iter().cloned().chain([DESKTOP.to_owned()]).collect(),
                sockets: settings.max_sockets,
            };
            let router = http::router(door, settings.web_dir.as_ref(), |router| socket::mount(router, &pod, allowed));
            serving.spawn(listening.serve(router, accepting.clone()));
            Some(pod)
        }
    };
    info!("listening on http://{address}");

    let (workers, workers_stop) = (TaskTracker::new(), CancellationToken::new());
    let working = async {
        // Nothing is written to a log that is not laid out, nor taken from a queue for it.
        wired.engines.wait().await?;
        if role != Role::Api {
            worker::start(&wired.app, &workers, &workers_stop);
        }
        tasks.spawn(measure(wired.app.clone(), metrics, stop.clone()));
        if with_demo {
            demo::add(&wired.app).await?;
        }
        info!("ready on http://{address}");
        std::future::pending::<anyhow::Result<()>>().await
    };
    tokio::select! {
        failed = working => return failed,
        () = told_to_stop() => {}
    }
    info!(
        "stopping: no more connections, {} sockets are sent elsewhere",
        pod.as_ref().map_or(0, |pod| pod.registry.len())
    );
    health.drain();
    if let Some(pod) = &pod {
        socket::drain(pod).await;
    }
    accepting.cancel();
    serving.close();
    serving.wait().await;
    if let Some(pod) = &pod {
        // Whoever found the way back before the door was shut.
        socket::drain(pod).await;
    }
    stop.cancel();
    // What was accepted and is not in the log yet stays in the queue, and goes on at the next start.
    workers_stop.cancel();
    workers.close();
    tasks.close();
    let ended = tokio::time::timeout(Duration::from_secs(15), async {
        workers.wait().await;
        tasks.wait().await;
        wired.engines.stop().await;
    });
    if ended.await.is_err() {
        warn!("some work did not end in time; nothing accepted is lost by that");
    }
    info!("stopped");
    Ok(())
}

/// Starts what belongs to this pod's sockets.
pub async fn start_pod(app: App, tasks: &TaskTracker, stop: &CancellationToken) -> anyhow::Result<Pod> {
    let name = format!("pod-{}", Uuid::now_v7());
    let pod = Pod {
        app,
        id: PodId(name.into()),
        registry: Arc::new(Registry::default()),
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let inbox = pod.app.delivery.listen(&pod.id).await?;
    tasks.spawn(socket::deliver(pod.clone(), inbox));
    tasks.spawn(socket::sweep(pod.clone()));
    Ok(pod)
}

/// What clients may know before they sign in.
pub fn info_of(settings: &Settings) -> ServerInfo {
    ServerInfo {
        name: settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        registration: settings.registration,
        plaintext_allowed: settings.plaintext == Plaintext::Allowed,
    }
}

fn warn_of_loud_settings(settings: &Settings) {
    if settings.plaintext == Plaintext::Allowed {
        warn!(
            "SOTTO_ALLOW_PLAINTEXT is true: private conversations may be readable by this server. Not for production"
        );
    }
    if settings.rate_limits == sotto_core::app::RateLimits::Off {
        warn!("SOTTO_RATE_LIMITS is off: nothing protects this server from floods. For load tests only");
    }
}

/// Shows how much waits in the queues.
async fn measure(app: App, metrics: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // Samples gather until they are put into their buckets; nobody else does it when nobody scrapes.
        metrics.run_upkeep();
        for number in 0..app.policy.partitions {
            if let Ok(depth) = app.queue.depth(Lane::Partition(number)).await {
                #[expect(clippy::cast_precision_loss, reason = "a number of entries")]
                gauge!("sotto_queue_depth", "queue" => format!("partition.p{number:02}")).set(depth as f64);
            }
        }
        if let Ok(dead) = app.queue.dead_count().await {
            #[expect(clippy::cast_precision_loss, reason = "a number of entries")]
            gauge!("sotto_dead_letters").set(dead as f64);
        }
    }
}

/// Ready at Ctrl-C or SIGTERM.
async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
