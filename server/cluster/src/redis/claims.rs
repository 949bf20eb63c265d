//! Ids on their way: `claim:<conversation>:<message>`.

use async_trait::async_trait;
use redis::{Cmd, cmd};
use shared_types::{ConversationId, MessageId};
use sotto_core::{
    PortError,
    ports::{Claim, Claims, Result},
};

use super::Link;

/// How long an id is remembered that never came through.
const LASTS_MS: i64 = 600_000;
/// How long an id is remembered that stands in the log.
const SETTLED_MS: i64 = 60_000;

type At = (ConversationId, MessageId);

fn key((conversation, id): At) -> String {
    format!("claim:{conversation}:{id}")
}

fn written(claim: Claim) -> Vec<u8> {
    [claim.sender.bytes().as_slice(), &claim.digest].concat()
}

fn read(kept: &[u8]) -> Result<Claim> {
    let damaged = || PortError::new("cache", "a claim is damaged");
    let (sender, digest) = kept.split_first_chunk::<16>().ok_or_else(damaged)?;
    Ok(Claim { sender: (*sender).into(), digest: digest.try_into().map_err(|_| damaged())? })
}

#[async_trait]
impl Claims for Link {
    async fn claim(&self, at: At, claim: Claim) -> Result<Option<Claim>> {
        let mut set = cmd("SET");
        set.arg(key(at)).arg(written(claim)).arg("NX").arg("GET").arg("PX").arg(LASTS_MS);
        let before: Option<Vec<u8>> = self.ask(&set).await?;
        before.as_deref().map(read).transpose()
    }

    async fn find(&self, at: At) -> Result<Option<Claim>> {
        let kept: Option<Vec<u8>> = self.ask(cmd("GET").arg(key(at))).await?;
        kept.as_deref().map(read).transpose()
    }

    async fn release(&self, at: &[At]) -> Result<()> {
        let commands = at.iter().map(|at| cmd("DEL").arg(key(*at)).to_owned()).collect::<Vec<Cmd>>();
        self.ask_all::<i64>(commands).await.map(drop)
    }

    async fn settle(&self, at: &[At]) -> Result<()> {
        let commands = at.iter().map(|at| cmd("PEXPIRE").arg(key(*at)).arg(SETTLED_MS).to_owned());
        self.ask_all::<i64>(commands.collect()).await.map(drop)
    }

    fn remembers_ms(&self) -> i64 {
        SETTLED_MS
    }
}
