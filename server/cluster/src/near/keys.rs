//! The directory of public keys, with the device lists remembered: every sealed message is held against them.

use std::sync::atomic::Ordering;

use async_trait::async_trait;

use shared_types::{
    Timestamp, UserId,
    keys::{Address, ClaimedKeys, DeviceList},
};
use sotto_core::ports::{Keys, Prekeys, Result, Stock};

use super::{Near, Stale};

#[async_trait]
impl Keys for Near {
    async fn put_list(&self, list: &DeviceList) -> Result<bool> {
        let stands = self.mongo.put_list(list).await?;
        self.changed(Stale::DeviceList(list.user_id)).await;
        Ok(stands)
    }

    async fn lists(&self, users: &[UserId]) -> Result<Vec<DeviceList>> {
        if !self.kept.hears.load(Ordering::SeqCst) {
            return self.mongo.lists(users).await;
        }
        let before = self.kept.changes.load(Ordering::SeqCst);
        let (mut found, mut missing) = (Vec::with_capacity(users.len()), Vec::new());
        for user in users {
            match self.kept.lists.get(user) {
                // Who has none is remembered too.
                Some(list) => found.extend(list),
                None => missing.push(*user),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read = self.mongo.lists(&missing).await?;
        if self.kept.changes.load(Ordering::SeqCst) == before {
            for user in missing {
                self.kept.lists.insert(user, read.iter().find(|list| list.user_id == user).cloned());
            }
        }
        found.extend(read);
        Ok(found)
    }

    async fn put_prekeys(&self, device: Address, prekeys: &Prekeys, now: Timestamp) -> Result<Stock> {
        self.mongo.put_prekeys(device, prekeys, now).await
    }

    async fn stocks(&self, devices: &[Address]) -> Result<Vec<(Address, Stock)>> {
        self.mongo.stocks(devices).await
    }

    async fn claim(&self, devices: &[Address]) -> Result<Vec<ClaimedKeys>> {
        self.mongo.claim(devices).await
    }

    async fn forget(&self, device: Address) -> Result<()> {
        self.mongo.forget(device).await
    }

    async fn wanting(&self, few: u32, before: Timestamp, limit: usize) -> Result<Vec<Address>> {
        self.mongo.wanting(few, before, limit).await
    }
}
