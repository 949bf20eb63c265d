//! Wake-ups into a short memory: no service reaches devices from here, tests and an operator can look.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use sotto_core::ports::{Push, Result, Wake};

/// How many are remembered.
const REMEMBERED: usize = 1_000;

/// The last wake-ups, newest first.
#[derive(Default)]
pub struct Woken {
    wakes: Mutex<VecDeque<Wake>>,
}

#[async_trait]
impl Push for Woken {
    async fn wake(&self, wake: Wake) -> Result<()> {
        let mut wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        wakes.push_front(wake);
        wakes.truncate(REMEMBERED);
        Ok(())
    }

    async fn sent(&self, limit: usize) -> Result<Vec<Wake>> {
        let wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(wakes.iter().take(limit).copied().collect())
    }
}
