//! Who is connected, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use shared_types::{Timestamp, UserId, socket::Presence};
use sotto_core::ports::{Directory, PodId, Result, presence::EXPIRES_MS};

/// The directory of one process.
#[derive(Default)]
pub struct Present {
    people: Mutex<HashMap<UserId, Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Until when each pod's word holds.
    pods: HashMap<PodId, Timestamp>,
    last: Option<Timestamp>,
}

impl Seen {
    fn is_online(&self, now: Timestamp) -> bool {
        self.pods.values().any(|until| *until > now)
    }
}

impl Present {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Seen>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Directory for Present {
    async fn arrive(&self, pod: &PodId, user: UserId, now: Timestamp) -> Result<bool> {
        let mut people = self.lock();
        let seen = people.entry(user).or_default();
        let was_online = seen.is_online(now);
        seen.pods.insert(pod.clone(), now.plus_ms(EXPIRES_MS));
        seen.last = Some(now);
        Ok(!was_online)
    }

    async fn leave(&self, pod: &PodId, user: UserId, now: Timestamp) -> Result<bool> {
        let mut people = self.lock();
        let Some(seen) = people.get_mut(&user) else { return Ok(false) };
        let was_online = seen.is_online(now);
        if seen.pods.remove(pod).is_some() {
            seen.last = Some(now);
        }
        Ok(was_online && !seen.is_online(now))
    }

    async fn beat(&self, pod: &PodId, users: &[UserId], now: Timestamp) -> Result<Vec<UserId>> {
        let mut people = self.lock();
        let mut lost = Vec::new();
        for user in users {
            let seen = people.entry(*user).or_default();
            if seen.pods.insert(pod.clone(), now.plus_ms(EXPIRES_MS)).is_none() {
                lost.push(*user);
            }
            seen.last = Some(now);
        }
        Ok(lost)
    }

    async fn look(&self, users: &[UserId], now: Timestamp) -> Result<Vec<Presence>> {
        let people = self.lock();
        let states = users.iter().map(|user| {
            let seen = people.get(user);
            Presence {
                user_id: *user,
                online: seen.is_some_and(|seen| seen.is_online(now)),
                last_seen: seen.and_then(|seen| seen.last),
            }
        });
        Ok(states.collect())
    }
}
