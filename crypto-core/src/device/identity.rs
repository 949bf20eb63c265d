//! The private keys of the device itself, and the key of the account where the device is linked to it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared_types::keys::{DeviceKeys, DeviceList, NewPrekeys};
use vodozemac::{Ed25519SecretKey, olm::Account};

use super::Device;
use crate::{
    Error, Result,
    list::{signed_list, to_base64},
    post_quantum::KemKey,
    secret::Key,
};

/// The key of an account: it signs the list of its devices, and every linked device holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountSecret(Key);

impl AccountSecret {
    /// A fresh one: for a new account, or one that begins anew.
    pub fn generate() -> Self {
        Self(Key::random())
    }

    /// The public half (base64).
    pub fn public(&self) -> String {
        to_base64(self.signer().public_key().as_bytes())
    }

    fn signer(&self) -> Ed25519SecretKey {
        Ed25519SecretKey::from_slice(self.0.bytes())
    }

    /// Signs a list in place.
    pub(crate) fn sign(&self, list: &mut DeviceList) {
        list.signature = self.sign_bytes(&signed_list(list));
    }

    /// A signature (base64).
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> String {
        to_base64(self.signer().sign(bytes).to_bytes())
    }
}

impl From<Key> for AccountSecret {
    fn from(key: Key) -> Self {
        Self(key)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Identity {
    #[serde(serialize_with = "pickle", deserialize_with = "unpickle")]
    pub(super) account: Account,
    /// Newest first.
    pub(super) kem: Vec<KemKey>,
    pub(super) secret: Option<AccountSecret>,
    /// Seals the backup; shared by all devices of the account.
    pub(super) backup_key: Option<Key>,
    /// New prekeys that the directory has not confirmed yet.
    pub(super) under_way: Option<NewPrekeys>,
}

impl Identity {
    pub(super) fn new() -> Self {
        Self { account: Account::new(), kem: Vec::new(), secret: None, backup_key: None, under_way: None }
    }
}

fn pickle<S: Serializer>(account: &Account, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    account.pickle().serialize(serializer)
}

fn unpickle<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Account, D::Error> {
    vodozemac::olm::AccountPickle::deserialize(deserializer).map(Account::from_pickle)
}

impl Device {
    /// This device's public keys.
    pub fn keys(&self) -> DeviceKeys {
        DeviceKeys {
            id: self.me.device_id,
            ed25519: to_base64(self.identity.account.ed25519_key().as_bytes()),
            curve25519: to_base64(self.identity.account.curve25519_key().as_bytes()),
        }
    }

    /// Whether it holds the key of its account.
    pub const fn is_linked(&self) -> bool {
        self.identity.secret.is_some()
    }

    /// The public key of the account, where the device is linked to it (base64).
    pub fn account_key(&self) -> Option<String> {
        self.identity.secret.as_ref().map(AccountSecret::public)
    }

    /// Gives the device the key of its account: a fresh one, or one that came by linking or from the backup.
    pub fn link(&mut self, secret: AccountSecret, backup_key: Option<Key>) {
        // A list that was pinned under another key is not this account's any more.
        if self.peers.get(self.me.user_id).is_some_and(|peer| peer.list.account_key != secret.public()) {
            self.peers.remove(self.me.user_id);
        }
        self.identity.secret = Some(secret);
        self.identity.backup_key = backup_key.or(self.identity.backup_key.take());
        self.identity_changed = true;
    }

    pub(crate) fn secrets(&self) -> Result<(&AccountSecret, Option<&Key>)> {
        let secret = self.identity.secret.as_ref().ok_or(Error::NotLinked)?;
        Ok((secret, self.identity.backup_key.as_ref()))
    }

    /// The key that seals the backup; made where there is none yet.
    pub fn backup_key(&mut self) -> Key {
        self.identity_changed |= self.identity.backup_key.is_none();
        self.identity.backup_key.get_or_insert_with(Key::random).clone()
    }

    /// The list of the account's devices with these in it, signed, as the successor of `before`.
    ///
    /// # Errors
    /// [`Error::NotLinked`] where this device does not hold the account key.
    pub fn sign_devices(&self, before: Option<&DeviceList>, devices: Vec<DeviceKeys>) -> Result<DeviceList> {
        self.sign_devices_above(before.map_or(0, |list| list.version), devices)
    }

    /// The same, where of the list before only its version counts: the account begins anew.
    ///
    /// # Errors
    /// As [`Self::sign_devices`].
    pub fn sign_devices_above(&self, version: u64, devices: Vec<DeviceKeys>) -> Result<DeviceList> {
        let secret = self.identity.secret.as_ref().ok_or(Error::NotLinked)?;
        let mut list = DeviceList {
            user_id: self.me.user_id,
            account_key: secret.public(),
            version: version.checked_add(1).ok_or(Error::OutOfBounds("the version"))?,
            devices,
            signature: String::new(),
        };
        secret.sign(&mut list);
        Ok(list)
    }

    /// Signs with this device's key (base64).
    pub(super) fn sign(&self, bytes: &[u8]) -> String {
        to_base64(self.identity.account.sign(bytes).to_bytes())
    }
}
