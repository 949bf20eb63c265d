//! The figures: what each benchmark measures, kept as JSON in build/bench/, so that none is ever written by hand.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Messages accepted a second.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Send {
    /// Concurrent senders, each with one message under way.
    pub(crate) senders: usize,
    /// Conversations they write to.
    pub(crate) conversations: usize,
    /// Over sockets.
    pub(crate) socket: Rate,
    /// Over HTTP.
    pub(crate) http: Rate,
}

/// One way's rate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// Acknowledged messages a second.
    pub(crate) per_second: f64,
    /// Milliseconds from sending to the acknowledgement.
    pub(crate) ack_p50_ms: f64,
    /// The same, for the slowest of a hundred.
    pub(crate) ack_p99_ms: f64,
    /// Milliseconds of the server's processor time a message.
    pub(crate) server_cpu_ms: f64,
    /// Acknowledged and not in the log afterwards.
    pub(crate) lost: u64,
}

/// Delivery under an open loop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deliver {
    /// At 1,000 a second.
    pub(crate) at_thousand: Latency,
    /// At half of what `send` measured over sockets.
    pub(crate) at_half: Latency,
}

/// How long messages took to reach the other's device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// Messages due a second.
    pub(crate) rate: f64,
    /// Messages sent.
    pub(crate) sent: u64,
    /// Messages that never arrived.
    pub(crate) missing: u64,
    /// Milliseconds from the moment a message was due.
    pub(crate) p50_ms: f64,
    /// The same, for the slowest of a hundred.
    pub(crate) p99_ms: f64,
    /// The slowest.
    pub(crate) max_ms: f64,
}

/// Memory of sockets that do nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Idle {
    /// How many there were, each of another person.
    pub(crate) sockets: usize,
    /// KiB of resident memory with no socket.
    pub(crate) before_kib: u64,
    /// KiB with all of them.
    pub(crate) after_kib: u64,
    /// KiB some seconds after all of them closed.
    pub(crate) closed_kib: u64,
    /// KiB for each.
    pub(crate) kib_each: f64,
    /// Milliseconds of the server's processor time for a connect.
    pub(crate) connect_cpu_ms: f64,
    /// Sockets that ended though nobody closed them.
    pub(crate) dropped: usize,
}

/// From the start of the process to its readiness.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Start {
    /// Milliseconds with an empty data directory.
    pub(crate) empty_ms: f64,
    /// Messages in the store for what follows.
    pub(crate) messages: u64,
    /// Bytes of the data directory then.
    pub(crate) bytes: u64,
    /// Messages a second while filling it: many under way at once.
    pub(crate) fill_per_second: f64,
    /// Milliseconds after a clean stop.
    pub(crate) clean_ms: f64,
    /// Milliseconds after kill -9.
    pub(crate) killed_ms: f64,
}

/// The web client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Web {
    /// Bytes of all JavaScript, compressed by brotli as it is served.
    pub(crate) js_brotli_bytes: u64,
    /// Bytes of all style sheets, the same.
    pub(crate) css_brotli_bytes: u64,
    /// Milliseconds to the first contentful paint, as the browser tests measured it.
    pub(crate) first_paint_ms: Option<f64>,
}

/// Keeps a benchmark's figures.
pub(crate) fn keep<T: Serialize>(name: &str, figures: &T) -> Result<()> {
    let file = file(name);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&file, serde_json::to_vec_pretty(figures)?)
        .with_context(|| format!("{} cannot be written", file.display()))
}

/// The figures of a benchmark, if it has been run.
pub(crate) fn kept<T: DeserializeOwned>(name: &str) -> Result<Option<T>> {
    let file = file(name);
    if !file.is_file() {
        return Ok(None);
    }
    let figures = serde_json::from_slice(&std::fs::read(&file)?);
    figures.with_context(|| format!("{} holds no figures of this version: measure again", file.display())).map(Some)
}

fn file(name: &str) -> PathBuf {
    PathBuf::from("build/bench").join(format!("{name}.json"))
}
