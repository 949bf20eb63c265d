//! The embedded server of one benchmark, and what people say.

use std::path::Path;

use anyhow::{Context, Result};
use sotto_chaos::server::Server;
use tempfile::TempDir;
use uuid::Uuid;

use crate::system::{Parts, System};

/// A server of one benchmark, on the disk that holds the clone: a data directory in memory would prove nothing.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The server.
    pub(crate) server: Server,
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
        Ok(Self { server, folder })
    }

    /// The running server as a system of one process.
    pub(crate) fn system(&self) -> Result<System> {
        let pid = self.server.pid().context("the server does not run")?;
        System::new(&[self.server.address()], Parts { gateways: vec![pid], ..Parts::default() })
    }

    /// Where its data lies.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
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
