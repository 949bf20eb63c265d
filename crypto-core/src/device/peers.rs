//! The people this device knows: their signed device lists, pinned at first sight.

use serde::{Deserialize, Serialize};
use shared_types::{
    UserId,
    keys::{Address, DeviceKeys, DeviceList},
};

use super::Device;
use crate::{Error, Result, groups::Reader, list::verify_list, safety};

/// A person as this device knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Their devices, signed by the account key that is pinned with it.
    pub list: DeviceList,
    /// Whether their safety number was compared.
    pub is_verified: bool,
}

/// What a list told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// Devices that were not there before.
    pub added: Vec<Address>,
    /// Devices that are gone; nothing is sealed for them any more.
    pub removed: Vec<Address>,
}

impl Device {
    /// Takes in a person's device list from the directory.
    ///
    /// # Errors
    /// [`Error::BadSignature`], [`Error::DeviceListRolledBack`], and [`Error::AccountKeyChanged`], which
    /// [`Self::accept_account_key`] gets over where the person agrees.
    pub fn learn(&mut self, list: &DeviceList) -> Result<Learned> {
        verify_list(list)?;
        if let Some(mine) = self.account_key().filter(|_| list.user_id == self.me.user_id)
            && mine != list.account_key
        {
            return Err(Error::AccountKeyChanged(list.user_id));
        }
        let known = self.peers.get(list.user_id);
        if let Some(Peer { list: known, .. }) = known {
            if known.account_key != list.account_key {
                return Err(Error::AccountKeyChanged(list.user_id));
            }
            if known == list {
                return Ok(Learned::default());
            }
            if list.version <= known.version {
                return Err(Error::DeviceListRolledBack(list.user_id));
            }
        }
        let is_verified = known.is_some_and(|peer| peer.is_verified);
        Ok(self.pin(list, is_verified))
    }

    /// Takes in a list with an account key other than the one that was known: the person agreed, or nobody had compared
    /// the old one. It counts as not compared.
    ///
    /// # Errors
    /// [`Error::BadSignature`].
    pub fn accept_account_key(&mut self, list: &DeviceList) -> Result<Learned> {
        verify_list(list)?;
        // Devices under another account key share no session with those before, even where an id is the same.
        self.sessions.retain(|address, _| address.user_id != list.user_id);
        Ok(self.pin(list, false))
    }

    fn pin(&mut self, list: &DeviceList, is_verified: bool) -> Learned {
        let before = self.peers.get(list.user_id).map(|peer| peer.list.devices.clone()).unwrap_or_default();
        let address = |keys: &DeviceKeys| Address { user_id: list.user_id, device_id: keys.id };
        let missing_from = |these: &[DeviceKeys], those: &[DeviceKeys]| {
            these.iter().filter(|keys| !those.contains(keys)).map(address).collect::<Vec<_>>()
        };
        let learned =
            Learned { added: missing_from(&list.devices, &before), removed: missing_from(&before, &list.devices) };
        for gone in &learned.removed {
            self.sessions.remove(*gone);
        }
        self.peers.insert(list.user_id, Peer { list: list.clone(), is_verified });
        learned
    }

    /// What is known of a person.
    pub fn peer(&self, user: UserId) -> Option<&Peer> {
        self.peers.get(user)
    }

    /// The sixty digits to compare with a person; nothing where either's account key is not known.
    pub fn safety_number(&self, user: UserId) -> Option<String> {
        let (mine, theirs) = (self.account_key()?, &self.peers.get(user)?.list.account_key);
        safety::number((self.me.user_id, &mine), (user, theirs)).ok()
    }

    /// The person has compared the safety number, or takes that back.
    pub fn set_verified(&mut self, user: UserId, is_verified: bool) {
        if let Some(peer) = self.peers.get_mut(user) {
            peer.is_verified = is_verified;
        }
    }

    /// Who was compared, with the account key that it was for.
    pub(crate) fn verified(&self) -> Vec<(UserId, String)> {
        let verified = self.peers.iter().filter(|(_, peer)| peer.is_verified);
        verified.map(|(user, peer)| (*user, peer.list.account_key.clone())).collect()
    }

    /// Every device of these people but this one, as their lists say.
    pub fn devices_of(&self, users: impl IntoIterator<Item = UserId>) -> Vec<Address> {
        let lists = users.into_iter().filter_map(|user| self.peers.get(user)).map(|peer| &peer.list);
        let all = lists
            .flat_map(|list| list.devices.iter().map(|keys| Address { user_id: list.user_id, device_id: keys.id }));
        all.filter(|address| *address != self.me).collect()
    }

    /// The same devices, with their signing keys.
    pub(super) fn readers_of(&self, users: impl IntoIterator<Item = UserId>) -> Result<Vec<Reader>> {
        let devices = self.devices_of(users).into_iter();
        devices.map(|device| Ok(Reader { device, key: self.signing_key(device)? })).collect()
    }

    pub(super) fn listed(&self, device: Address) -> Result<&DeviceKeys> {
        let list = self.peers.get(device.user_id).map(|peer| &peer.list);
        list.and_then(|list| list.devices.iter().find(|keys| keys.id == device.device_id))
            .ok_or_else(|| Self::unknown(device))
    }
}
