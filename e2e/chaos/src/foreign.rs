//! Devices that are plain socket.io-client: programs for Node.js that write the same history as the raw ones.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::api::Account;
use crate::device::{Manner, Server};
use crate::history::{Client, Recorder, What};
use crate::phase::{Phase, Standing};

/// How long one may take for its last look.
const LOOK: Duration = Duration::from_mins(1);

/// A line of its output.
#[derive(Debug, Deserialize)]
struct Line {
    t: u64,
    #[serde(flatten)]
    said: Said,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    /// What it did or saw.
    What(What),
    /// How it is.
    State(State),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum State {
    Stand { standing: Standing },
    Rested,
    Looked,
}

/// How far one has come with what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Living,
    Rested,
    Looked,
    Gone,
}

/// One such device. It ends with this value.
#[derive(Debug)]
pub struct Foreign {
    client: Client,
    child: Child,
    orders: ChildStdin,
    stage: watch::Receiver<Stage>,
    reading: JoinSet<()>,
}

impl Foreign {
    /// Starts one.
    pub async fn start(
        (client, account): (Client, &Account),
        (servers, seed): (&[Server], u64),
        (notes, manner): (&Recorder, &Manner),
    ) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/device.js");
        let mut command = Command::new("node");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("Node.js cannot be started")?;
        let output = child.stdout.take().context("a device without output")?;
        let mut orders = child.stdin.take().context("a device without input")?;
        let servers: Vec<String> = servers.iter().map(|(address, _)| format!("http://{address}")).collect();
        let stay = u64::try_from(manner.stay.as_millis()).unwrap_or(u64::MAX);
        let Account { user, username, token, .. } = account;
        let is = json!({
            "user": user, "username": username, "token": token, "servers": servers,
            "seed": seed.to_string(), "pause_ms": manner.pause_ms, "stay_ms": stay,
        });
        orders.write_all(format!("{is}\n").as_bytes()).await?;

        let (tell, stage) = watch::channel(Stage::Living);
        let (notes, standings) = (notes.clone(), manner.standings.clone());
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                match serde_json::from_str::<Line>(&line) {
                    Ok(Line { t, said: Said::What(what) }) => notes.note_at(t, client, what),
                    Ok(Line { said: Said::State(State::Stand { standing }), .. }) => standings.tell(client, standing),
                    Ok(Line { said: Said::State(State::Rested), .. }) => {
                        tell.send_replace(Stage::Rested);
                    }
                    Ok(Line { said: Said::State(State::Looked), .. }) => {
                        tell.send_replace(Stage::Looked);
                    }
                    // A history with a hole in it would prove nothing.
                    Err(_) => break,
                }
            }
            if *tell.borrow() != Stage::Looked {
                tell.send_replace(Stage::Gone);
            }
        });
        Ok(Self { client, child, orders, stage, reading })
    }

    /// Tells it how far the storm is.
    pub async fn tell(&mut self, phase: Phase) -> Result<()> {
        let word = match phase {
            Phase::Storm => "storm",
            Phase::Calm => "calm",
            Phase::Over => "over",
        };
        self.order(word).await
    }

    /// Waits until it has nothing left to send.
    pub async fn rest(&mut self, limit: Duration) -> Result<()> {
        self.reach(Stage::Rested, limit).await
    }

    /// Has it look into all logs once more, and end.
    pub async fn look(mut self) -> Result<()> {
        self.order("look").await?;
        self.reach(Stage::Looked, LOOK).await?;
        self.child.wait().await?;
        while self.reading.join_next().await.is_some() {}
        Ok(())
    }

    async fn order(&mut self, word: &str) -> Result<()> {
        let sent = self.orders.write_all(format!("{word}\n").as_bytes()).await;
        sent.with_context(|| format!("device {} is gone", self.client))
    }

    async fn reach(&mut self, wanted: Stage, limit: Duration) -> Result<()> {
        let reached = timeout(limit, self.stage.wait_for(|stage| *stage == wanted || *stage == Stage::Gone)).await;
        let stage = *reached.with_context(|| format!("device {} is not {wanted:?} after {limit:?}", self.client))??;
        if stage != wanted {
            bail!("device {} has ended before it should", self.client);
        }
        Ok(())
    }
}
