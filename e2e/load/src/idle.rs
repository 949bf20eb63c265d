//! What a socket costs that does nothing but stay: 5,000 people, one socket each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use sotto_chaos::api::Account;
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::crowd::Stage;
use crate::figures::Idle;
use crate::system::System;

/// How many sockets there are.
pub(crate) const SOCKETS: usize = 5000;
/// How long they stay before memory is read: some pings long.
const HOLD: Duration = Duration::from_secs(30);
/// How long freed memory takes to go back to the system.
pub(crate) const SETTLE: Duration = Duration::from_secs(30);

/// Measures it on a server of its own.
pub(crate) async fn measure() -> Result<Idle> {
    let stage = Stage::open().await?;
    println!("  registering {SOCKETS} people ...");
    let system = stage.system()?;
    let people = system.people("crowd", SOCKETS).await?;
    // What registering left behind must be given back first, or the sockets seem cheaper than they are: the allocator
    // takes two times ten seconds to return what is free.
    sleep(SETTLE).await;
    weigh(&system, &people).await
}

/// Weighs the sockets of these people on a system that has come to rest: what its gateways need for them.
pub(crate) async fn weigh(system: &System, people: &[Account]) -> Result<Idle> {
    let before = system.used()?.gateways;
    let dropped = Arc::new(AtomicUsize::new(0));
    let mut sockets = JoinSet::new();
    let stay = |mut socket: Socket| {
        let dropped = Arc::clone(&dropped);
        sockets.spawn(async move {
            while socket.frame().await.is_ok() {}
            dropped.fetch_add(1, Ordering::Relaxed);
        });
    };
    system.connect(people, stay).await?;
    let connected = system.used()?.gateways;
    sleep(HOLD).await;
    let after = system.used()?.gateways;
    let dropped = dropped.load(Ordering::Relaxed);
    sockets.shutdown().await;
    sleep(SETTLE).await;
    let closed = system.used()?.gateways;

    let count = f64::from(u32::try_from(people.len())?);
    let grown = f64::from(u32::try_from(after.rss_kib.saturating_sub(before.rss_kib))?);
    let figures = Idle {
        sockets: people.len(),
        before_kib: before.rss_kib,
        after_kib: after.rss_kib,
        closed_kib: closed.rss_kib,
        kib_each: grown / count,
        connect_cpu_ms: (connected.cpu_s - before.cpu_s) * 1000.0 / count,
        dropped,
    };
    println!("  {:.1} KiB a socket, {dropped} dropped", figures.kib_each);
    Ok(figures)
}
