//! The figures of the comparison: one turn of one system, with what each scene measured.

use serde::{Deserialize, Serialize};

use crate::figures::Idle;

/// Which system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// The Node.js system of e2e/peer.
    Peer,
    /// Sotto, on the same engines.
    Sotto,
}

/// Both systems, in turns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// What the engines were.
    pub(crate) engines: String,
    /// The turns, in their order.
    pub(crate) turns: Vec<Turn>,
}

/// One turn: a system started, measured, and stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// Whose turn it was.
    pub(crate) side: Side,
    /// Messages of two.
    pub(crate) pair: Option<Pair>,
    /// One to many.
    pub(crate) fanout: Option<Fanout>,
    /// All at once.
    pub(crate) storm: Option<Storm>,
    /// Sockets at rest.
    pub(crate) idle: Option<Idle>,
}

/// Messages of two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pair {
    /// The highest rate that held.
    pub(crate) most: f64,
    /// Every step on the way to it.
    pub(crate) steps: Vec<Step>,
    /// At half of what the peer held in its first turn.
    pub(crate) at_common: Step,
    /// At half of its own.
    pub(crate) at_half: Step,
}

/// One rate for some seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Messages due a second.
    pub(crate) rate: f64,
    /// Messages sent while it counted.
    pub(crate) sent: u64,
    /// Messages lost, refused or doubled, and sockets broken.
    pub(crate) wrong: u64,
    /// Milliseconds from due to the other's socket.
    pub(crate) p50_ms: f64,
    /// The same, for the slowest of a hundred.
    pub(crate) p99_ms: f64,
    /// The slowest.
    pub(crate) max_ms: f64,
    /// Events that reached a gateway with no socket for them, where the gateways say that.
    pub(crate) useless: Option<u64>,
    /// What a million deliveries cost.
    pub(crate) cpu: Cost,
}

/// Seconds of processor time for a million deliveries.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// In the processes that hold sockets.
    pub(crate) gateways: f64,
    /// In the workers.
    pub(crate) workers: f64,
    /// In the engines.
    pub(crate) engines: f64,
}

/// One to many.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Fanout {
    /// Sockets that hear each message.
    pub(crate) sockets: usize,
    /// Messages a second.
    pub(crate) rate: f64,
    /// Deliveries that should have been.
    pub(crate) due: u64,
    /// Deliveries that never came.
    pub(crate) missing: u64,
    /// Milliseconds from due to a socket.
    pub(crate) p50_ms: f64,
    /// The same, for the slowest of a hundred.
    pub(crate) p99_ms: f64,
    /// What a million deliveries cost.
    pub(crate) cpu: Cost,
    /// Seconds of processor time for a million writes by a program that does nothing else.
    pub(crate) floor: f64,
}

/// All at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Storm {
    /// Sockets that wanted in.
    pub(crate) sockets: usize,
    /// Milliseconds until the last one was ready.
    pub(crate) all_ms: f64,
    /// Milliseconds until half of them were.
    pub(crate) p50_ms: f64,
    /// Sockets that were not let in.
    pub(crate) errors: usize,
}

impl Comparison {
    /// Half of what the peer bore in its first turn: a rate at which both are measured.
    pub(crate) fn common_rate(&self) -> Option<f64> {
        let peer = self.turns.iter().filter(|turn| turn.side == Side::Peer).find_map(|turn| turn.pair.as_ref());
        peer.map(|pair| pair.at_half.rate)
    }
}

impl Cost {
    /// From seconds of processor time and the deliveries they were spent on.
    pub(crate) fn of([gateways, workers, engines]: [f64; 3], deliveries: u64) -> Self {
        // A million million deliveries fit into an f64 with room to spare.
        #[expect(clippy::cast_precision_loss, reason = "counts of deliveries are small")]
        let millions = deliveries.max(1) as f64 / 1e6;
        Self { gateways: gateways / millions, workers: workers / millions, engines: engines / millions }
    }

    /// The system's own, without the engines.
    pub(crate) fn own(self) -> f64 {
        self.gateways + self.workers
    }
}
