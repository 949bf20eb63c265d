//! The documents of public keys and mailboxes.

use mongodb::bson::{Binary, DateTime};
use serde::{Deserialize, Serialize};
use shared_types::keys::{Address, ClaimedKeys, DeviceList, MailboxItem, Prekey, PrekeyKind};
use sotto_core::{
    PortError,
    ports::{Post, Stock},
};

use super::rows::{Id, Shape, damaged, date, id, json_of, moment, pair};

/// A person's devices, signed.
#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceListRow {
    #[serde(rename = "_id")]
    pub(crate) id: Id,
    pub(crate) version: i64,
    /// The contract's JSON: what was signed comes out as it went in.
    list: String,
}

impl Shape for DeviceListRow {
    const COLLECTION: &'static str = "device_lists";
}

impl TryFrom<&DeviceList> for DeviceListRow {
    type Error = PortError;

    fn try_from(list: &DeviceList) -> Result<Self, PortError> {
        let version = i64::try_from(list.version).unwrap_or(i64::MAX);
        Ok(Self { id: id(list.user_id.bytes()), version, list: json_of(list)? })
    }
}

impl TryFrom<&DeviceListRow> for DeviceList {
    type Error = PortError;

    fn try_from(row: &DeviceListRow) -> Result<Self, PortError> {
        serde_json::from_str(&row.list).map_err(|_| damaged("device_lists"))
    }
}

/// What a device has left with the directory.
#[derive(Serialize, Deserialize)]
pub(crate) struct PrekeysRow {
    /// user, device
    #[serde(rename = "_id")]
    key: Binary,
    user_id: Id,
    device_id: Id,
    /// The first goes first; often not asked for.
    #[serde(default)]
    one_time: Vec<Prekey>,
    left: i64,
    #[serde(default)]
    fallback: Option<Prekey>,
    #[serde(default)]
    kem: Option<Prekey>,
    renewed_at: DateTime,
}

impl Shape for PrekeysRow {
    const COLLECTION: &'static str = "prekeys";
}

impl PrekeysRow {
    pub(crate) fn address(&self) -> Address {
        Address { user_id: self.user_id.bytes().into(), device_id: self.device_id.bytes().into() }
    }

    pub(crate) fn stock(&self) -> Stock {
        Stock {
            one_time_left: u32::try_from(self.left).unwrap_or_default(),
            renewed_at: moment(self.renewed_at),
            is_complete: self.fallback.is_some() && self.kem.is_some(),
        }
    }

    pub(crate) fn claimed(mut self, kind: PrekeyKind) -> Option<ClaimedKeys> {
        let address = self.address();
        let prekey = match kind {
            PrekeyKind::OneTime => self.one_time.pop(),
            PrekeyKind::Fallback | PrekeyKind::Kem => self.fallback,
        };
        Some(ClaimedKeys { address, kind, prekey: prekey?, kem: self.kem? })
    }
}

/// A device as one key.
pub(crate) fn device_key(device: Address) -> Binary {
    pair(device.user_id.bytes(), device.device_id.bytes())
}

/// A box in a mailbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct MailRow {
    /// device, id
    #[serde(rename = "_id")]
    key: Binary,
    user_id: Id,
    device_id: Id,
    id: Id,
    received_at: DateTime,
    /// The contract's JSON.
    item: String,
}

impl Shape for MailRow {
    const COLLECTION: &'static str = "mailboxes";
}

impl TryFrom<&Post> for MailRow {
    type Error = PortError;

    fn try_from(Post { to, item }: &Post) -> Result<Self, PortError> {
        Ok(Self {
            key: pair(to.device_id.bytes(), item.id.bytes()),
            user_id: id(to.user_id.bytes()),
            device_id: id(to.device_id.bytes()),
            id: id(item.id.bytes()),
            received_at: date(item.received_at),
            item: json_of(item)?,
        })
    }
}

impl TryFrom<&MailRow> for MailboxItem {
    type Error = PortError;

    fn try_from(row: &MailRow) -> Result<Self, PortError> {
        serde_json::from_str(&row.item).map_err(|_| damaged("mailboxes"))
    }
}
