//! How far a storm is, told to the devices; and how far the devices are, told back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use uuid::Uuid;

use crate::history::Client;

/// How far a storm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Devices talk.
    Storm,
    /// They say nothing new, stay connected, and get rid of what they still have.
    Calm,
    /// They end once they have nothing left to send.
    Over,
}

/// How far a device has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// Up to which position it has every conversation.
    pub cursors: BTreeMap<Uuid, u64>,
    /// What it still has to send.
    pub waiting: usize,
    /// Which messages do not open yet.
    #[serde(default)]
    pub shut: BTreeSet<Uuid>,
}

/// How far all devices have come.
#[derive(Debug, Clone, Default)]
pub struct Standings(Arc<Mutex<BTreeMap<Client, Standing>>>);

impl Standings {
    /// One device tells.
    pub fn tell(&self, client: Client, standing: Standing) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(client, standing);
    }

    /// All of them, now.
    pub fn all(&self) -> BTreeMap<Client, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
