//! What a socket costs that does nothing but stay: 5,000 people, one socket each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::crowd::Stage;
use crate::figures::Idle;

const SOCKETS: usize = 5000;
/// How long they stay before memory is read: some pings long.
const HOLD: Duration = Duration::from_secs(30);
/// How long freed memory takes to go back to the system.
const SETTLE: Duration = Duration::from_secs(30);

/// Measures it.
pub(crate) async fn measure() -> Result<Idle> {
    let stage = Stage::open().await?;
    println!("  registering {SOCKETS} people ...");
    let people = stage.people(SOCKETS).await?;
    // What registering left behind must be given back first, or the sockets seem cheaper than they are: the allocator
    // takes two times ten seconds to return what is free.
    sleep(SETTLE).await;
    let before = stage.usage()?;

    let dropped = Arc::new(AtomicUsize::new(0));
    let mut sockets = JoinSet::new();
    for batch in people.chunks(50) {
        let mut connecting = JoinSet::new();
        for person in batch {
            let (address, token) = (stage.address(), person.token.clone());
            connecting.spawn(async move { Socket::connect(address, &token).await });
        }
        while let Some(done) = connecting.join_next().await {
            let mut socket = done?.context("a socket was not let in")?;
            let dropped = Arc::clone(&dropped);
            sockets.spawn(async move {
                while socket.frame().await.is_ok() {}
                dropped.fetch_add(1, Ordering::Relaxed);
            });
        }
    }
    let connected = stage.usage()?;
    sleep(HOLD).await;
    let after = stage.usage()?;
    let dropped = dropped.load(Ordering::Relaxed);
    sockets.shutdown().await;
    sleep(SETTLE).await;
    let closed = stage.usage()?;

    let count = f64::from(u32::try_from(SOCKETS)?);
    let grown = f64::from(u32::try_from(after.rss_kib.saturating_sub(before.rss_kib))?);
    let figures = Idle {
        sockets: SOCKETS,
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
