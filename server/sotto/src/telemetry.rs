//! Logs and metrics. No content, no tokens: ids only.

use std::io::IsTerminal as _;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::{LogFormat, Settings};

/// Starts logging to standard error.
pub fn start_logging(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| anyhow::anyhow!("SOTTO_LOG: {:?} is not a log filter: {error}", settings.log))?;
    let json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = if json { layer.json().flatten_event(true).boxed() } else { layer.compact().boxed() };
    tracing_subscriber::registry().with(filter).with(layer).try_init()?;
    Ok(())
}

/// Installs the recorder; its handle renders what `/metrics` shows.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let seconds = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), seconds)?
        .install_recorder()?;
    describe_gauge!("sotto_sockets", "Connected and signed-in sockets of this pod");
    describe_counter!("sotto_messages_accepted_total", "Entries that were durably queued");
    describe_counter!("sotto_messages_persisted_total", "Entries that were given a position in a log");
    describe_counter!("sotto_deliveries_total", "Events given to a socket");
    describe_histogram!("sotto_accept_to_deliver_seconds", Unit::Seconds, "From acceptance to the recipient's socket");
    describe_histogram!("sotto_http_request_duration_seconds", Unit::Seconds, "HTTP requests by route and status");
    describe_gauge!("sotto_queue_depth", "Waiting in a queue, or taken and not done with");
    describe_gauge!("sotto_dead_letters", "Entries that could not be processed");
    describe_counter!("sotto_pod_events_received_total", "Events that reached this pod");
    describe_counter!("sotto_pod_events_useless_total", "Events that reached this pod with no socket to give them to");
    describe_gauge!("sotto_backend_up", "Whether a port answers");
    describe_counter!("sotto_sockets_cut_total", "Sockets closed because their buffer was full");
    Ok(handle)
}
