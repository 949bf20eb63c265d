//! From starting the process to its readiness: empty, and with a million messages, stopped cleanly and killed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sotto_chaos::server::Server;
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::clock::Times;
use crate::crowd::{Stage, payload, words};
use crate::figures::Start;
use crate::send::{CONVERSATIONS, SENDERS};

const MESSAGES: usize = 1_000_000;
/// Messages of one sender that wait for their answers at once.
const WINDOW: usize = 64;
const REPEATS: usize = 5;

/// Measures it.
pub(crate) async fn measure() -> Result<Start> {
    let empty_ms = start_empty().await?;
    println!("  empty: {empty_ms:.0} ms; filling with {MESSAGES} messages ...");
    let mut stage = Stage::open().await?;
    let system = stage.system()?;
    let people = system.people("crowd", SENDERS).await?;
    let conversations = system.conversations(&people, CONVERSATIONS).await?;
    let began = Instant::now();
    let mut senders = JoinSet::new();
    for (person, own) in people.iter().zip(conversations) {
        let socket = Socket::connect(stage.server.address(), &person.token).await?;
        senders.spawn(fill(socket, own, MESSAGES / SENDERS));
    }
    while let Some(done) = senders.join_next().await {
        done??;
    }
    let fill_per_second = f64::from(u32::try_from(MESSAGES)?) / began.elapsed().as_secs_f64();
    println!("  filled at {fill_per_second:.0}/s");
    while system.entries(&people).await? < MESSAGES as u64 {
        if began.elapsed() > Duration::from_mins(30) {
            bail!("the log never came to hold {MESSAGES} messages");
        }
    }
    let (mut clean, mut killed) = (Times::default(), Times::default());
    for _ in 0..REPEATS {
        stage.server.stop().await?;
        clean.add(start(&mut stage.server).await?);
        stage.server.kill()?;
        killed.add(start(&mut stage.server).await?);
    }
    let figures = Start {
        empty_ms,
        messages: system.entries(&people).await?,
        bytes: size(stage.folder())?,
        fill_per_second,
        clean_ms: clean.per_mille_ms(500),
        killed_ms: killed.per_mille_ms(500),
    };
    println!("  full: {:.0} ms after a stop, {:.0} ms after kill -9", figures.clean_ms, figures.killed_ms);
    Ok(figures)
}

async fn start_empty() -> Result<f64> {
    let mut times = Times::default();
    for _ in 0..REPEATS {
        let mut stage = Stage::open().await?;
        stage.server.kill()?;
        let folder = tempfile::tempdir_in(stage.folder())?;
        let mut server = Server::new(folder.path())?;
        times.add(start(&mut server).await?);
    }
    Ok(times.per_mille_ms(500))
}

async fn start(server: &mut Server) -> Result<Duration> {
    let began = Instant::now();
    server.start()?;
    server.ready().await?;
    Ok(began.elapsed())
}

/// Sends many messages, with many on their way at once.
async fn fill(mut socket: Socket, own: Vec<Uuid>, count: usize) -> Result<()> {
    let (mut sent, mut answered) = (0, 0);
    let mut targets = own.iter().cycle();
    while answered < count {
        while sent < count && sent - answered < WINDOW {
            let Some(target) = targets.next() else { bail!("a sender has no conversation") };
            socket.emit("message:send", &payload(*target, &words("Long ago"))).await?;
            sent += 1;
        }
        let frame = socket.frame().await?;
        if frame.starts_with("43") {
            if !frame.contains("\"ok\":true") {
                bail!("a message was not accepted: {frame}");
            }
            answered += 1;
        }
    }
    Ok(())
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
