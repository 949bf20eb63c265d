//! Ids on their way, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use shared_types::{ConversationId, MessageId};
use sotto_core::ports::{Claim, Claims, Result};

/// How long an id is remembered that never came through.
const LASTS: Duration = Duration::from_mins(10);

type At = (ConversationId, MessageId);

/// A map that forgets.
#[derive(Default)]
pub struct Remembered {
    claims: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    by_id: HashMap<At, (Claim, Instant)>,
    /// When to look for old ones again.
    sweep_at: usize,
}

impl Remembered {
    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn live(&self, at: &At) -> Option<Claim> {
        self.by_id.get(at).filter(|(_, since)| since.elapsed() < LASTS).map(|(claim, _)| *claim)
    }

    /// Drops old ones whenever the map has doubled since it was last swept: constant work per claim.
    fn sweep(&mut self) {
        if self.by_id.len() < self.sweep_at.max(1_024) {
            return;
        }
        self.by_id.retain(|_, (_, since)| since.elapsed() < LASTS);
        self.sweep_at = self.by_id.len() * 2;
    }
}

#[async_trait]
impl Claims for Remembered {
    async fn claim(&self, at: At, claim: Claim) -> Result<Option<Claim>> {
        let mut held = self.lock();
        if let Some(other) = held.live(&at) {
            return Ok(Some(other));
        }
        held.sweep();
        held.by_id.insert(at, (claim, Instant::now()));
        Ok(None)
    }

    async fn find(&self, at: At) -> Result<Option<Claim>> {
        Ok(self.lock().live(&at))
    }

    async fn release(&self, at: &[At]) -> Result<()> {
        let mut held = self.lock();
        for at in at {
            held.by_id.remove(at);
        }
        Ok(())
    }

    async fn settle(&self, at: &[At]) -> Result<()> {
        // A look into the log costs no more than a look in here.
        self.release(at).await
    }

    fn remembers_ms(&self) -> i64 {
        0
    }
}
