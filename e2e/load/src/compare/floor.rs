//! The floor under every fan-out: what the kernel needs to write a frame to so many sockets, by a program that does no more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::fanout::{COUNTED, RATE};
use crate::process::usage;

/// How the generator is asked to be that program.
pub(crate) const WRITER: &str = "floor-writer";
/// As long as a message's frame, about.
const FRAME: [u8; 200] = [b'x'; 200];

/// Seconds of processor time for a million writes; readers are here, the writer is another process.
pub(crate) async fn measure(sockets: usize) -> Result<f64> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command.args([WRITER, &sockets.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut writer = Writer(command.spawn().context("the writer cannot be started")?);
    let answers = writer.0.stdout.take().context("the writer is mute")?;
    let mut answers = BufReader::new(answers);
    let address: SocketAddr = line(&mut answers)?.parse()?;
    let mut readers = JoinSet::new();
    for _ in 0..sockets {
        let mut stream = TcpStream::connect(address).await?;
        readers.spawn(async move {
            let mut buffer = [0; 2048];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        });
    }
    if line(&mut answers)? != "connected" {
        bail!("the writer did not see its readers");
    }
    let before = usage(writer.0.id())?;
    let mut begin = writer.0.stdin.take().context("the writer is deaf")?;
    begin.write_all(b"go\n")?;
    let done = tokio::task::spawn_blocking(move || line(&mut answers)).await??;
    let after = usage(writer.0.id())?;
    if done != "done" {
        bail!("the writer failed");
    }
    drop(begin);
    while readers.join_next().await.is_some() {}
    let frames = f64::from(u32::try_from(sockets)?) * f64::from(COUNTED);
    Ok((after.cpu_s - before.cpu_s) * 1e6 / frames)
}

/// The writer's whole life: lets its readers in, writes when it is told to, and stays until it was looked at.
pub(crate) fn write(sockets: usize) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let mut streams = Vec::with_capacity(sockets);
    for _ in 0..sockets {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    println!("connected");
    let mut stdin = std::io::stdin().lock();
    let mut word = String::new();
    stdin.read_line(&mut word)?;
    for _ in 0..COUNTED {
        for stream in &mut streams {
            stream.write_all(&FRAME)?;
        }
        std::thread::sleep(Duration::from_secs(1) / RATE);
    }
    println!("done");
    stdin.read_to_string(&mut word)?;
    Ok(())
}

fn line(answers: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The other process, which does not outlive its use.
struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        // It has ended by itself, unless something went wrong here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
