//! One to many: a community whose members all hold a socket, and one of them who writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use sotto_chaos::api::{Account, uuid_at};
use sotto_chaos::socket::Socket;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};
use uuid::Uuid;

use super::figures::{Cost, Fanout};
use super::floor;
use crate::clock::Times;
use crate::crowd::{payload, words};
use crate::marks::Mark;
use crate::system::System;

/// Members, each with a socket.
pub(crate) const MEMBERS: usize = 2000;
/// Messages a second.
pub(crate) const RATE: u32 = 5;
/// Messages before anything counts.
const WARM_UP: u32 = 15;
/// Messages that count.
pub(crate) const COUNTED: u32 = 75;
/// How long the last ones may take.
const DRAIN: Duration = Duration::from_secs(15);
/// The marks of this scene belong to no run of the open loop.
const RUN: u32 = u32::MAX;

/// Measures it, and what the kernel alone needs for as many writes.
pub(crate) async fn measure(system: &System, members: &[Account]) -> Result<Fanout> {
    let owner = members.first().context("nobody is there")?;
    let others: Vec<Uuid> = members.iter().skip(1).map(|member| member.user).collect();
    let body = json!({"kind": "community", "title": "Everyone", "user_ids": others});
    let made = system.api(0)?.call("POST", "/api/v1/conversations", Some(&owner.token), Some(&body)).await?.good()?;
    let conversation = uuid_at(&made, "/id")?;

    let mut writing = Socket::connect(system.address(0)?, &owner.token).await?;
    let zero = Instant::now();
    let heard = Arc::new(AtomicU64::new(0));
    let (stop, stopped) = watch::channel(());
    let mut crowd = JoinSet::new();
    let take = |socket| {
        crowd.spawn(listen(socket, zero, Arc::clone(&heard), stopped.clone()));
    };
    system.connect(members, take).await?;
    sleep(Duration::from_secs(3)).await;

    let begin = Instant::now();
    let mut before = system.used()?;
    for number in 0..WARM_UP + COUNTED {
        if number == WARM_UP {
            before = system.used()?;
            heard.store(0, Ordering::Relaxed);
        }
        let due = begin + Duration::from_secs(1) * number / RATE;
        sleep_until(due.into()).await;
        let due_us = u64::try_from((due - zero).as_micros())?;
        let mark = Mark { run: RUN, due_us, sender: u32::from(number >= WARM_UP) };
        writing.emit("message:send", &payload(conversation, &words(&mark.written()))).await?;
        drain(&mut writing).await?;
    }
    let due = u64::from(COUNTED) * members.len() as u64;
    let all_sent = Instant::now();
    while heard.load(Ordering::Relaxed) < due && all_sent.elapsed() < DRAIN {
        sleep(Duration::from_millis(10)).await;
    }
    let cpu_s = system.used()?.cpu_since(&before);
    drop(stop);
    let mut times = Times::default();
    while let Some(done) = crowd.join_next().await {
        times.merge(done?);
    }
    let came = times.count() as u64;
    let figures = Fanout {
        sockets: members.len(),
        rate: f64::from(RATE),
        due,
        missing: due.saturating_sub(came),
        p50_ms: times.per_mille_ms(500),
        p99_ms: times.per_mille_ms(990),
        cpu: Cost::of(cpu_s, came),
        floor: floor::measure(members.len()).await?,
    };
    println!(
        "  {} sockets: p50 {:.1} ms, p99 {:.1} ms, {:.1} CPU-s a million (floor {:.1}), {} missing",
        figures.sockets,
        figures.p50_ms,
        figures.p99_ms,
        figures.cpu.own(),
        figures.floor,
        figures.missing
    );
    Ok(figures)
}

/// Hears what comes until it is over; the times of what counts.
async fn listen(mut socket: Socket, zero: Instant, heard: Arc<AtomicU64>, mut stopped: watch::Receiver<()>) -> Times {
    let mut times = Times::default();
    loop {
        let frame = tokio::select! {
            frame = socket.frame() => frame,
            _ = stopped.changed() => return times,
        };
        let Ok(frame) = frame else { return times };
        if let Some(mark) = Mark::read(&frame).filter(|mark| mark.run == RUN && mark.sender == 1) {
            times.add((zero + mark.due()).elapsed());
            heard.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Reads what has come, so that the writer's own socket never fills.
async fn drain(socket: &mut Socket) -> Result<()> {
    while let Ok(frame) = tokio::time::timeout(Duration::from_millis(1), socket.frame()).await {
        frame.context("the writer's socket broke")?;
    }
    Ok(())
}
