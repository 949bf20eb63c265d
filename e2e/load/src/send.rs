//! How many messages a second are accepted, which means durable: 64 senders, each waiting for its answer before the next.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sotto_chaos::api::Account;
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::clock::Times;
use crate::crowd::{Stage, payload, words};
use crate::figures::{Rate, Send};
use crate::http::Wire;
use crate::system::System;

/// Everyone sends, and everyone's socket hears what the others send.
pub(crate) const SENDERS: usize = 64;
/// Conversations among them.
pub(crate) const CONVERSATIONS: usize = 1000;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy)]
enum Way {
    Socket,
    Http,
}

/// What one sender did: answers while it counted, and answers in all.
#[derive(Debug, Default)]
struct Tally {
    times: Times,
    all: u64,
}

/// Measures both ways, each on a server of its own.
pub(crate) async fn measure() -> Result<Send> {
    let socket = measure_way(Way::Socket).await?;
    println!("  sockets: {:.0} messages/s", socket.per_second);
    let http = measure_way(Way::Http).await?;
    println!("  HTTP: {:.0} messages/s", http.per_second);
    Ok(Send { senders: SENDERS, conversations: CONVERSATIONS, socket, http })
}

async fn measure_way(way: Way) -> Result<Rate> {
    let stage = Stage::open().await?;
    let system = stage.system()?;
    let people = system.people("crowd", SENDERS).await?;
    let conversations = system.conversations(&people, CONVERSATIONS).await?;

    let counted_from = Instant::now() + WARM_UP;
    let end = counted_from + MEASURED;
    let mut senders = JoinSet::new();
    for (person, own) in people.iter().cloned().zip(conversations) {
        let address = system.address(0)?;
        senders.spawn(async move {
            // Whichever way it sends, it listens on a socket, as people do.
            let socket = Socket::connect(address, &person.token).await?;
            match way {
                Way::Socket => send_socket(socket, &own, counted_from, end).await,
                Way::Http => tokio::select! {
                    tally = send_http(Wire::open(address, &person.token).await?, &own, counted_from, end) => tally,
                    end = listen(socket) => end,
                },
            }
        });
    }
    tokio::time::sleep_until(counted_from.into()).await;
    let before = system.used()?.gateways;
    let mut total = Tally::default();
    while let Some(done) = senders.join_next().await {
        let tally = done??;
        total.times.merge(tally.times);
        total.all += tally.all;
    }
    let after = system.used()?.gateways;
    let counted = u32::try_from(total.times.count())?;
    Ok(Rate {
        per_second: f64::from(counted) / MEASURED.as_secs_f64(),
        ack_p50_ms: total.times.per_mille_ms(500),
        ack_p99_ms: total.times.per_mille_ms(990),
        server_cpu_ms: (after.cpu_s - before.cpu_s) * 1000.0 / f64::from(counted.max(1)),
        lost: lost(&system, &people, total.all).await?,
    })
}

/// Acknowledged messages that do not come to stand in the log.
async fn lost(system: &System, people: &[Account], acknowledged: u64) -> Result<u64> {
    let began = Instant::now();
    loop {
        let lost = acknowledged.saturating_sub(system.entries(people).await?);
        if lost == 0 || began.elapsed() > Duration::from_secs(20) {
            return Ok(lost);
        }
    }
}

async fn send_socket(mut socket: Socket, own: &[Uuid], counted_from: Instant, end: Instant) -> Result<Tally> {
    let mut tally = Tally::default();
    for conversation in own.iter().cycle() {
        let began = Instant::now();
        if began >= end {
            break;
        }
        socket.emit("message:send", &payload(*conversation, &words("Hello"))).await?;
        // What others send comes in between.
        let ack = loop {
            let frame = socket.frame().await?;
            if frame.starts_with("43") {
                break frame;
            }
        };
        if !ack.contains("\"ok\":true") {
            bail!("a message was not accepted: {ack}");
        }
        tally.count(began, counted_from, end);
    }
    Ok(tally)
}

async fn send_http(mut wire: Wire, own: &[Uuid], counted_from: Instant, end: Instant) -> Result<Tally> {
    let mut tally = Tally::default();
    for conversation in own.iter().cycle() {
        let began = Instant::now();
        if began >= end {
            break;
        }
        let path = format!("/api/v1/conversations/{conversation}/messages");
        let status = wire.post(&path, &payload(*conversation, &words("Hello")).to_string()).await?;
        if status != 202 {
            bail!("a message was answered {status}");
        }
        tally.count(began, counted_from, end);
    }
    Ok(tally)
}

async fn listen(mut socket: Socket) -> Result<Tally> {
    loop {
        socket.frame().await.context("a listener's socket ended")?;
    }
}

impl Tally {
    fn count(&mut self, began: Instant, counted_from: Instant, end: Instant) {
        self.all += 1;
        let now = Instant::now();
        if began >= counted_from && now <= end {
            self.times.add(now - began);
        }
    }
}
