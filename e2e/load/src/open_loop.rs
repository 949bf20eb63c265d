//! Messages of two in an open loop: each has a moment at which it is due, and its time runs from then, sent late or not.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sotto_chaos::api::Account;
use sotto_chaos::socket::Socket;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};
use uuid::Uuid;

use crate::clock::Times;
use crate::crowd::{payload, words};
use crate::marks::Mark;
use crate::system::System;

/// What is sent, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Messages due a second, from all together.
    pub(crate) rate: f64,
    /// How long it goes on before anything counts.
    pub(crate) warm_up: Duration,
    /// How long it counts.
    pub(crate) measured: Duration,
    /// How long the last ones may take.
    pub(crate) drain: Duration,
}

/// What came of it, the warm-up aside.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// From due to the other's socket.
    pub(crate) times: Times,
    /// Messages that were due and sent.
    pub(crate) sent: u64,
    /// Messages that did not reach the other.
    pub(crate) missing: u64,
    /// Messages that were refused, or never answered.
    pub(crate) refused: u64,
    /// Messages that reached the other more than once.
    pub(crate) doubled: u64,
    /// Sockets that broke.
    pub(crate) broken: u64,
    /// Events that reached a pod with no socket for them, where the pods say that.
    pub(crate) useless: Option<u64>,
    /// Seconds of processor time: the gateways', the workers', the engines'.
    pub(crate) cpu_s: [f64; 3],
}

impl Outcome {
    /// How much went wrong, slowness aside.
    pub(crate) const fn wrong(&self) -> u64 {
        self.missing + self.refused + self.doubled + self.broken
    }
}

/// What all participants share.
#[derive(Debug)]
struct Run {
    number: u32,
    zero: Instant,
    counted_from: Duration,
    end: Duration,
    /// Sent, and answered well, from the first moment on.
    emitted: AtomicU64,
    accepted: AtomicU64,
    /// Sent, and heard by the other, while it counts.
    sent: AtomicU64,
    heard: AtomicU64,
}

/// One person's part.
struct Part {
    socket: Socket,
    own: Vec<Uuid>,
    number: u32,
    first: Duration,
    gap: Duration,
    times: Times,
    doubled: u64,
}

static RUNS: AtomicU64 = AtomicU64::new(0);

/// Lets everyone send at this rate, all equally, to the conversations that are theirs.
pub(crate) async fn run(system: &System, people: &[Account], own: &[Vec<Uuid>], load: Load) -> Result<Outcome> {
    let sockets = system.sockets(people).await?;
    let count = u32::try_from(people.len())?;
    let gap = Duration::from_secs_f64(f64::from(count) / load.rate);
    let run = Arc::new(Run {
        number: u32::try_from(RUNS.fetch_add(1, Ordering::Relaxed))?,
        zero: Instant::now() + Duration::from_millis(500),
        counted_from: load.warm_up,
        end: load.warm_up + load.measured,
        emitted: AtomicU64::new(0),
        accepted: AtomicU64::new(0),
        sent: AtomicU64::new(0),
        heard: AtomicU64::new(0),
    });
    let (stop, stopped) = watch::channel(());
    let mut crowd = JoinSet::new();
    for (number, (socket, own)) in (0_u32..).zip(sockets.into_iter().zip(own.iter().cloned())) {
        let part = Part { socket, own, number, first: gap * number / count, gap, times: Times::default(), doubled: 0 };
        crowd.spawn(part.play(Arc::clone(&run), stopped.clone()));
    }
    drop(stopped);

    sleep_until((run.zero + run.counted_from).into()).await;
    let (before, useless_before) = (system.used()?, system.useless().await?);
    sleep_until((run.zero + run.end).into()).await;
    while run.zero.elapsed() < run.end + load.drain && !run.is_done() {
        sleep(Duration::from_millis(10)).await;
    }
    let cpu_s = system.used()?.cpu_since(&before);
    let useless = system.useless().await?.zip(useless_before).map(|(now, before)| now.saturating_sub(before));
    let mut outcome = Outcome { useless, cpu_s, ..Outcome::default() };
    // Whoever is left hears that it is over when this end of the channel is gone.
    drop(stop);
    while let Some(done) = crowd.join_next().await {
        let (part, broken) = done?;
        outcome.times.merge(part.times);
        outcome.doubled += part.doubled;
        outcome.broken += u64::from(broken);
    }
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    outcome.sent = load(&run.sent);
    outcome.missing = outcome.sent.saturating_sub(load(&run.heard));
    outcome.refused = load(&run.emitted).saturating_sub(load(&run.accepted));
    Ok(outcome)
}

impl Run {
    fn is_done(&self) -> bool {
        let at_least =
            |one: &AtomicU64, other: &AtomicU64| one.load(Ordering::Relaxed) >= other.load(Ordering::Relaxed);
        at_least(&self.heard, &self.sent) && at_least(&self.accepted, &self.emitted)
    }
}

impl Part {
    /// Takes part to the end, and says whether the socket broke before.
    async fn play(mut self, run: Arc<Run>, mut stopped: watch::Receiver<()>) -> (Self, bool) {
        let broken = tokio::select! {
            end = self.exchange(&run) => end.is_err(),
            _ = stopped.changed() => false,
        };
        (self, broken)
    }

    /// Sends when it is time, and hears what the others send, until it is stopped or the socket breaks.
    async fn exchange(&mut self, run: &Run) -> Result<()> {
        let (mut round, mut seen) = (0_u32, HashSet::new());
        loop {
            let due = self.first + self.gap * round;
            tokio::select! {
                () = sleep_until((run.zero + due).into()), if due < run.end => {
                    self.send(run, due, round).await?;
                    round += 1;
                }
                frame = self.socket.frame() => self.hear(run, &frame?, &mut seen),
            }
        }
    }

    async fn send(&mut self, run: &Run, due: Duration, round: u32) -> Result<()> {
        let turn = usize::try_from(round)? % self.own.len().max(1);
        let target = *self.own.get(turn).context("somebody has no conversation")?;
        let mark = Mark { run: run.number, due_us: u64::try_from(due.as_micros())?, sender: self.number };
        run.emitted.fetch_add(1, Ordering::Relaxed);
        if due >= run.counted_from {
            run.sent.fetch_add(1, Ordering::Relaxed);
        }
        self.socket.emit("message:send", &payload(target, &words(&mark.written()))).await?;
        Ok(())
    }

    fn hear(&mut self, run: &Run, frame: &str, seen: &mut HashSet<Mark>) {
        if frame.starts_with("43") {
            run.accepted.fetch_add(u64::from(frame.contains("\"ok\":true")), Ordering::Relaxed);
            return;
        }
        let Some(mark) = Mark::read(frame) else { return };
        // One's own messages come too.
        if mark.run != run.number || mark.sender == self.number {
            return;
        }
        if !seen.insert(mark) {
            self.doubled += 1;
        } else if mark.due() >= run.counted_from {
            run.heard.fetch_add(1, Ordering::Relaxed);
            self.times.add((run.zero + mark.due()).elapsed());
        }
    }
}
