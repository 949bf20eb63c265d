//! Ids on their way: `claim:<conversation>:<message>`.

use async_trait::async_trait;
use redis::{Cmd, cmd};
use shared_types::{ConversationId, MessageId};
use sotto_core::{
    PortError,
    ports::{Claim, Claims, Result},
};

use super::Link;
use crate::{
    Background,
    gather::{Gather, Pace, all_failed, one},
};

/// How claims go together. Theirs is the first step of every message: those that were claimed together are published together.
const PACE: Pace<(At, Claim)> = Pace { commands: 1, most: 256, holds: one, spaced: true };

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

/// The ids, in Redis.
pub struct Claimed {
    link: Link,
    claims: Gather<(At, Claim), Option<Claim>>,
}

impl Claimed {
    /// Starts gathering claims.
    pub fn start(link: &Link, background: &Background) -> Self {
        let asked = link.clone();
        let claims = Gather::start(("cache", background), PACE, move |claims: Vec<(At, Claim)>| {
            let link = asked.clone();
            async move { claim_all(&link, &claims).await }
        });
        Self { link: link.clone(), claims }
    }
}

async fn claim_all(link: &Link, claims: &[(At, Claim)]) -> Vec<Result<Option<Claim>>> {
    let sets = claims.iter().map(|(at, claim)| {
        let mut set = cmd("SET");
        set.arg(key(*at)).arg(written(*claim)).arg("NX").arg("GET").arg("PX").arg(LASTS_MS);
        set
    });
    match link.ask_all::<Option<Vec<u8>>>(sets.collect()).await {
        Ok(before) => before.iter().map(|before| before.as_deref().map(read).transpose()).collect(),
        Err(error) => all_failed(&error, claims.len()),
    }
}

#[async_trait]
impl Claims for Claimed {
    async fn claim(&self, at: At, claim: Claim) -> Result<Option<Claim>> {
        self.claims.ask((at, claim)).await
    }

    async fn find(&self, at: At) -> Result<Option<Claim>> {
        let kept: Option<Vec<u8>> = self.link.ask(cmd("GET").arg(key(at))).await?;
        kept.as_deref().map(read).transpose()
    }

    async fn release(&self, at: &[At]) -> Result<()> {
        let commands = at.iter().map(|at| cmd("DEL").arg(key(*at)).to_owned()).collect::<Vec<Cmd>>();
        self.link.ask_all::<i64>(commands).await.map(drop)
    }

    async fn settle(&self, at: &[At]) -> Result<()> {
        let commands = at.iter().map(|at| cmd("PEXPIRE").arg(key(*at)).arg(SETTLED_MS).to_owned());
        self.link.ask_all::<i64>(commands.collect()).await.map(drop)
    }

    fn remembers_ms(&self) -> i64 {
        SETTLED_MS
    }
}
