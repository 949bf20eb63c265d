//! People to measure with: registered, in conversations of two, on a server of their own.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use sotto_chaos::api::{Account, Api};
use sotto_chaos::server::Server;
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::process::{Usage, usage};

/// A server of one benchmark, on the disk that holds the clone: a data directory in memory would prove nothing.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The server.
    pub(crate) server: Server,
    /// Calls to it.
    pub(crate) api: Api,
    folder: TempDir,
}

impl Stage {
    /// Starts a server on an empty data directory.
    pub(crate) async fn open() -> Result<Self> {
        std::fs::create_dir_all("build/bench")?;
        let folder = tempfile::Builder::new().prefix("data-").tempdir_in("build/bench")?;
        let mut server = Server::new(folder.path())?;
        server.start()?;
        server.ready().await?;
        let api = Api::new(server.address())?;
        Ok(Self { server, api, folder })
    }

    /// What the server has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        usage(self.server.pid().context("the server does not run")?)
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where its data lies.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Registers people, a few at a time.
    pub(crate) async fn people(&self, count: usize) -> Result<Vec<Account>> {
        let mut accounts = Vec::with_capacity(count);
        let mut asking = JoinSet::new();
        for number in 0..count {
            if asking.len() >= 8 {
                accounts.push(asking.join_next().await.context("nobody was asked")???);
            }
            let api = self.api.clone();
            asking.spawn(async move { api.register(&format!("crowd{number}")).await });
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
        for (one, other) in pairs.take(count) {
            let (Some(asking), Some(asked)) = (people.get(one), people.get(other)) else { continue };
            let id = self.api.converse(&asking.token, asked.user).await?;
            for person in [one, other] {
                if let Some(list) = own.get_mut(person) {
                    list.push(id);
                }
            }
        }
        Ok(own)
    }

    /// How many entries all logs hold together.
    pub(crate) async fn entries(&self, people: &[Account]) -> Result<u64> {
        let mut heads = std::collections::HashMap::new();
        for person in people {
            let list = self.api.call("GET", "/api/v1/conversations", Some(&person.token), None).await?.good()?;
            for conversation in list.get("conversations").and_then(serde_json::Value::as_array).into_iter().flatten() {
                let head = conversation.get("head_seq").and_then(serde_json::Value::as_u64).unwrap_or_default();
                heads.insert(conversation.get("id").map(ToString::to_string), head);
            }
        }
        Ok(heads.values().sum())
    }
}

/// A message's payload for the socket.
pub(crate) fn payload(conversation: Uuid, text: &str) -> serde_json::Value {
    let envelope = serde_json::json!({"kind": "plain", "content": {"type": "text", "text": text}});
    serde_json::json!({"conversation_id": conversation, "id": Uuid::now_v7(), "envelope": envelope})
}

/// Words of the length that people's messages have.
pub(crate) fn words(mark: &str) -> String {
    format!("{mark} and then we went down to the harbour, where the last boat was just about to leave without us.")
}
