//! Everybody at once: how long until all sockets are ready, as after an outage.

use std::time::{Duration, Instant};

use anyhow::Result;
use sotto_chaos::api::Account;
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::figures::Storm;
use crate::clock::Times;
use crate::system::System;

/// How many there are.
pub(crate) const SOCKETS: usize = 2000;
/// How long one may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Measures it.
pub(crate) async fn measure(system: &System, people: &[Account]) -> Result<Storm> {
    let mut coming = JoinSet::new();
    let began = Instant::now();
    for (number, person) in people.iter().enumerate() {
        let (address, token) = (system.address(number)?, person.token.clone());
        coming.spawn(async move {
            let ready = timeout(LIMIT, ready(address, &token)).await;
            (began.elapsed(), ready.ok().and_then(Result::ok))
        });
    }
    let (mut times, mut sockets) = (Times::default(), Vec::with_capacity(people.len()));
    while let Some(done) = coming.join_next().await {
        let (took, socket) = done?;
        if let Some(socket) = socket {
            times.add(took);
            sockets.push(socket);
        }
    }
    let figures = Storm {
        sockets: people.len(),
        all_ms: times.per_mille_ms(1000),
        p50_ms: times.per_mille_ms(500),
        errors: people.len() - sockets.len(),
    };
    println!("  {} sockets ready after {:.0} ms, {} errors", sockets.len(), figures.all_ms, figures.errors);
    Ok(figures)
}

/// A socket that has been told that it is ready.
async fn ready(address: std::net::SocketAddr, token: &str) -> Result<Socket> {
    let mut socket = Socket::connect(address, token).await?;
    while !socket.frame().await?.starts_with("42[\"ready\"") {}
    Ok(socket)
}
