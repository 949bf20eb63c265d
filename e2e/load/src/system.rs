//! A system under load: where it is reached, and the processes it consists of.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::Value;
use sotto_chaos::api::{Account, Api};
use sotto_chaos::rig::values;
use sotto_chaos::socket::Socket;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::{Usage, usage};

/// How many calls, or connects, are under way at once while a scene is set.
const AT_ONCE: usize = 8;
const CONNECTS_AT_ONCE: usize = 50;

/// The processes of a system, by what they do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    /// Those that hold sockets.
    pub(crate) gateways: Vec<u32>,
    /// Those that write the log, where they are others.
    pub(crate) workers: Vec<u32>,
    /// The engines beneath.
    pub(crate) engines: Vec<u32>,
}

/// What a system has used so far, by what its processes do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// The gateways.
    pub(crate) gateways: Usage,
    /// The workers.
    pub(crate) workers: Usage,
    /// The engines.
    pub(crate) engines: Usage,
}

/// A system that runs.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pods: Vec<(SocketAddr, Api)>,
    parts: Parts,
    /// Where the pods say something of themselves.
    figures: Vec<Api>,
}

impl System {
    /// A system that is reached at these addresses.
    pub(crate) fn new(addresses: &[SocketAddr], parts: Parts) -> Result<Self> {
        let pods = addresses.iter().map(|address| Ok((*address, Api::new(*address)?))).collect::<Result<Vec<_>>>()?;
        Ok(Self { pods, parts, figures: Vec::new() })
    }

    /// The same, whose pods say something of themselves at these addresses.
    pub(crate) fn with_figures(self, addresses: &[SocketAddr]) -> Result<Self> {
        Ok(Self { figures: addresses.iter().map(|address| Api::new(*address)).collect::<Result<Vec<_>>>()?, ..self })
    }

    /// How many events reached a pod that had no socket for them, so far; `None` where the pods don't say.
    pub(crate) async fn useless(&self) -> Result<Option<u64>> {
        let mut useless = None;
        for pod in &self.figures {
            let text = pod.text("/metrics").await?;
            let more: u64 = values(&text, "sotto_pod_events_useless_total").sum();
            useless = Some(useless.unwrap_or_default() + more);
        }
        Ok(useless)
    }

    /// What it has used so far.
    pub(crate) fn used(&self) -> Result<Used> {
        let sum = |pids: &[u32]| pids.iter().map(|pid| usage(*pid)).sum::<Result<Usage>>();
        Ok(Used {
            gateways: sum(&self.parts.gateways)?,
            workers: sum(&self.parts.workers)?,
            engines: sum(&self.parts.engines)?,
        })
    }

    /// The pod that somebody uses: people are spread evenly.
    pub(crate) fn address(&self, person: usize) -> Result<SocketAddr> {
        self.pod(person).map(|(address, _)| *address)
    }

    /// Calls to that pod.
    pub(crate) fn api(&self, person: usize) -> Result<&Api> {
        self.pod(person).map(|(_, api)| api)
    }

    fn pod(&self, person: usize) -> Result<&(SocketAddr, Api)> {
        self.pods.get(person % self.pods.len().max(1)).context("the system has no pod")
    }

    /// Registers people, a few at a time, under names that begin with a mark of their own.
    pub(crate) async fn people(&self, mark: &str, count: usize) -> Result<Vec<Account>> {
        let mut accounts = Vec::with_capacity(count);
        let mut asking = JoinSet::new();
        for number in 0..count {
            if asking.len() >= AT_ONCE {
                accounts.push(asking.join_next().await.context("nobody was asked")???);
            }
            let (api, name) = (self.api(number)?.clone(), format!("{mark}{number}"));
            asking.spawn(async move { api.register(&name).await });
        }
        while let Some(done) = asking.join_next().await {
            accounts.push(done??);
        }
        Ok(accounts)
    }

    /// Opens conversations between different pairs, and returns each person's own.
    pub(crate) async fn conversations(&self, people: &[Account], count: usize) -> Result<Vec<Vec<Uuid>>> {
        let mut own = vec![Vec::new(); people.len()];
        let pairs = (1..people.len()).flat_map(|gap| (0..people.len() - gap).map(move |one| (one, one + gap)));
        let pairs: Vec<_> = pairs.take(count).collect();
        for some in pairs.chunks(AT_ONCE) {
            let mut asking = JoinSet::new();
            for &(one, other) in some {
                let (Some(person), Some(peer)) = (people.get(one), people.get(other)) else { continue };
                let (api, token, asked) = (self.api(one)?.clone(), person.token.clone(), peer.user);
                asking.spawn(async move { Ok::<_, anyhow::Error>((one, other, api.converse(&token, asked).await?)) });
            }
            while let Some(done) = asking.join_next().await {
                let (one, other, id) = done??;
                for person in [one, other] {
                    if let Some(list) = own.get_mut(person) {
                        list.push(id);
                    }
                }
            }
        }
        Ok(own)
    }

    /// Connects a socket for each of these people, in their order.
    pub(crate) async fn sockets(&self, people: &[Account]) -> Result<Vec<Socket>> {
        let mut sockets = Vec::with_capacity(people.len());
        self.connect(people, |socket| sockets.push(socket)).await?;
        Ok(sockets)
    }

    /// Connects a socket for each of these people, some at once, and hands each over in their order: whoever gets it
    /// has to answer its pings from then on.
    pub(crate) async fn connect(&self, people: &[Account], mut take: impl FnMut(Socket)) -> Result<()> {
        for (batch, some) in people.chunks(CONNECTS_AT_ONCE).enumerate() {
            let mut connecting = JoinSet::new();
            for (at, person) in some.iter().enumerate() {
                let (address, token) = (self.address(batch * CONNECTS_AT_ONCE + at)?, person.token.clone());
                connecting.spawn(async move { (at, Socket::connect(address, &token).await) });
            }
            let mut connected = Vec::with_capacity(some.len());
            while let Some(done) = connecting.join_next().await {
                let (at, socket) = done?;
                connected.push((at, socket.context("a socket was not let in")?));
            }
            connected.sort_unstable_by_key(|(at, _)| *at);
            for (_, socket) in connected {
                take(socket);
            }
        }
        Ok(())
    }

    /// How many entries all logs hold together.
    pub(crate) async fn entries(&self, people: &[Account]) -> Result<u64> {
        let mut heads = HashMap::new();
        for (number, person) in people.iter().enumerate() {
            let api = self.api(number)?;
            let list = api.call("GET", "/api/v1/conversations", Some(&person.token), None).await?.good()?;
            for conversation in list.get("conversations").and_then(Value::as_array).into_iter().flatten() {
                let head = conversation.get("head_seq").and_then(Value::as_u64).unwrap_or_default();
                heads.insert(conversation.get("id").map(ToString::to_string), head);
            }
        }
        Ok(heads.values().sum())
    }
}

impl Used {
    /// Seconds of processor time since an earlier moment: the gateways', the workers', the engines'.
    pub(crate) fn cpu_since(&self, before: &Self) -> [f64; 3] {
        [
            self.gateways.cpu_s - before.gateways.cpu_s,
            self.workers.cpu_s - before.workers.cpu_s,
            self.engines.cpu_s - before.engines.cpu_s,
        ]
    }
}
