//! When all is healed: whether everybody has everything, and is seen to be there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::api::{Account, Api, uuid_at};
use crate::device::Server;
use crate::history::{Client, KeyWork, Outcome, Recorder, What};
use crate::phase::Standings;
use crate::socket::Socket;
use crate::view::number_at;

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(200);

/// Who takes part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd<'a> {
    /// The servers.
    pub(crate) servers: &'a [Server],
    /// Everybody's first device.
    pub(crate) accounts: &'a [Account],
    /// Whose each client is.
    pub(crate) people: &'a BTreeMap<Client, Uuid>,
    /// Which device each client is that has keys.
    pub(crate) devices: &'a BTreeMap<Client, Uuid>,
}

/// Whether every device has sent what it had, has every conversation to its head, and can read all that was for it.
pub(crate) async fn has_converged(crowd: Crowd<'_>, standings: &Standings, notes: &Recorder) -> Result<bool> {
    let Crowd { servers, accounts, people, devices } = crowd;
    let all = standings.all();
    if all.len() < people.len() || all.values().any(|standing| standing.waiting > 0) {
        return Ok(false);
    }
    // What was promised counts, not only what has been written: queues may still hold some of it.
    let mut promised: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for record in notes.records() {
        match record.what {
            What::Sent { conversation, message_id, result: Outcome::Accepted, .. } => {
                promised.entry(conversation).or_default().insert(message_id);
            }
            What::Key(KeyWork::Sealed { message_id, readers, .. }) => {
                let is_shut = |client: &Client| all.get(client).is_some_and(|it| it.shut.contains(&message_id));
                let mut its = devices.iter().filter(|(_, device)| readers.contains(device)).map(|(client, _)| client);
                if its.any(is_shut) {
                    return Ok(false);
                }
            }
            What::Sent { .. }
            | What::Heard { .. }
            | What::Shown { .. }
            | What::MarksHeard { .. }
            | What::MarksSet { .. }
            | What::Key(_) => {}
        }
    }
    let (_, api) = servers.first().context("there is no server")?;
    for account in accounts {
        for (conversation, head) in heads(api, account).await? {
            let written = promised.get(&conversation).is_none_or(|ids| head >= ids.len() as u64);
            let clients = people.iter().filter(|(_, person)| **person == account.user).map(|(client, _)| client);
            let devices = clients.filter_map(|client| all.get(client));
            let mut cursors = devices.map(|standing| standing.cursors.get(&conversation).copied().unwrap_or_default());
            if !written || cursors.any(|cursor| cursor != head) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

async fn heads(api: &Api, account: &Account) -> Result<Vec<(Uuid, u64)>> {
    let list = api.call("GET", "/api/v1/conversations", Some(&account.token), None).await?.good()?;
    let list = list.get("conversations").and_then(Value::as_array).context("no conversations")?;
    list.iter().map(|conversation| Ok((uuid_at(conversation, "/id")?, number_at(conversation, "/head_seq")?))).collect()
}

/// Waits until people are seen to be there, or to be gone, by another at every server; says how long that took, if it
/// came to pass.
pub(crate) async fn are_seen(
    servers: &[Server],
    (watcher, people): (&Account, &[Uuid]),
    (online, limit): (bool, Duration),
) -> Result<Option<Duration>> {
    let began = Instant::now();
    while began.elapsed() < limit {
        let mut all = true;
        for (address, _) in servers {
            let mut socket = Socket::connect(*address, &watcher.token).await?;
            let states = socket.call("presence:watch", &json!({ "user_ids": people })).await?;
            let states = states.get("states").and_then(Value::as_array).context("no states")?;
            all &= states.len() == people.len();
            all &= states.iter().all(|state| state.get("online").and_then(Value::as_bool) == Some(online));
        }
        if all {
            return Ok(Some(began.elapsed()));
        }
        sleep(EVERY).await;
    }
    Ok(None)
}
