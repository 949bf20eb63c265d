//! `mongos-shim PORT HOST:PORT...`: makes a driver believe that it talks to a sharded MongoDB. It is no mongos.
//!
//! Behind it stands one replica set that does all the work. What it is good for:
//!
//! - a driver takes the paths of a sharded deployment, since `hello` answers as a mongos does;
//! - `shardCollection` and its kin are answered, and shard keys remembered while it runs;
//! - what a mongos of version 6 refuses for want of the shard key is refused here, in the same words and numbers:
//!   unique indexes without it, upserts, single updates and deletes, `findAndModify`;
//! - `{ shimStats: 1 }` counts, per collection and command, what would go to one shard and what to all.
//!
//! What it is not: there are no shards, no chunks, no balancer, no stale routing tables, no transactions across
//! shards, and no merging of what shards answer. It was written from documentation, and nothing that passes here
//! is thereby proven on a real mongos.
#![expect(clippy::print_stderr, reason = "its only words are those about a wrong start")]

mod refuse;
mod relay;
mod router;
mod wire;

use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::router::Router;

fn main() -> ExitCode {
    match serve(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mongos-shim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &[String]) -> Result<()> {
    let [port, members @ ..] = args else { bail!("usage: mongos-shim PORT HOST:PORT...") };
    if members.is_empty() {
        bail!("usage: mongos-shim PORT HOST:PORT...");
    }
    let port: u16 = port.parse().with_context(|| format!("{port:?} is no port"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("port {port}"))?;
    let router = Arc::new(Router::default());
    for client in listener.incoming() {
        let (router, members) = (Arc::clone(&router), members.to_vec());
        // A connection that breaks is the driver's to open again.
        thread::spawn(move || client.map_err(Into::into).and_then(|client| relay::relay(client, &members, &router)));
    }
    Ok(())
}
