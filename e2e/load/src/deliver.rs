//! How long a message takes to the other's device, at rates that the embedded server can bear.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::Stage;
use crate::figures::{self, Deliver, Latency};
use crate::open_loop::{self, Load};
use crate::send::{self, CONVERSATIONS, SENDERS};

/// Measures at 1,000 a second, and at half of what can be accepted.
pub(crate) async fn measure() -> Result<Deliver> {
    let most = match figures::kept::<figures::Send>("send")? {
        Some(kept) => kept.socket.per_second,
        None => send::measure().await?.socket.per_second,
    };
    let at_thousand = at(1000.0).await?;
    let at_half = at(most / 2.0).await?;
    Ok(Deliver { at_thousand, at_half })
}

async fn at(rate: f64) -> Result<Latency> {
    let stage = Stage::open().await?;
    let system = stage.system()?;
    let people = system.people("crowd", SENDERS).await?;
    let own = system.conversations(&people, CONVERSATIONS).await?;
    let seconds = Duration::from_secs;
    let load = Load { rate, warm_up: seconds(3), measured: seconds(20), drain: seconds(10) };
    let mut outcome = open_loop::run(&system, &people, &own, load).await?;
    let (sent, missing) = (outcome.sent, outcome.missing);
    let latency = Latency {
        rate,
        sent,
        missing,
        p50_ms: outcome.times.per_mille_ms(500),
        p99_ms: outcome.times.per_mille_ms(990),
        max_ms: outcome.times.per_mille_ms(1000),
    };
    println!("  at {rate:.0}/s: p50 {:.1} ms, p99 {:.1} ms, {missing} missing", latency.p50_ms, latency.p99_ms);
    Ok(latency)
}
