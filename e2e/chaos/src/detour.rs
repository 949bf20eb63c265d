//! A long way to a server: everything through it takes as long as is wished.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How many pieces may be on the way, each way.
const UNDERWAY: usize = 256;

/// How long the way is now, in each direction.
#[derive(Debug, Clone, Default)]
pub struct Length(Arc<AtomicU64>);

impl Length {
    /// Changes it.
    pub fn set(&self, ms: u64) {
        self.0.store(ms, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Passes on whatever comes to one address to another, until it is dropped.
pub async fn lead(from: SocketAddr, to: SocketAddr, length: Length) -> Result<()> {
    let listener = TcpListener::bind(from).await?;
    let mut ways = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await?;
        // An end that breaks is seen at the other end, and is nothing to tell here.
        ways.spawn(connect(client, to, length.clone()));
        while ways.try_join_next().is_some() {}
    }
}

async fn connect(client: TcpStream, to: SocketAddr, length: Length) -> Result<()> {
    let server = TcpStream::connect(to).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whichever side ends, both do.
    tokio::select! {
        end = pass(from_client, to_server, &length) => end,
        end = pass(from_server, to_client, &length) => end,
    }
}

async fn pass(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, length: &Length) -> Result<()> {
    let (enter, mut leave) = mpsc::channel::<(Instant, Vec<u8>)>(UNDERWAY);
    let reading = async move {
        let mut buffer = vec![0; 16 * 1_024];
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0 || enter.send((Instant::now() + length.get(), buffer[..count].to_vec())).await.is_err() {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((due, bytes)) = leave.recv().await {
            sleep_until(due).await;
            to.write_all(&bytes).await?;
        }
        Ok(())
    };
    let (read, written): (Result<()>, Result<()>) = tokio::join!(reading, writing);
    read.and(written)
}
