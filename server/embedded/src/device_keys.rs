//! Public keys in the file.

use async_trait::async_trait;
use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};
use shared_types::{
    Timestamp, UserId,
    keys::{Address, ClaimedKeys, DeviceList, Prekey, PrekeyKind},
};
use sotto_core::ports::{Keys, Prekeys, Result, Stock};

use crate::{
    Store,
    db::{decode, encode, stored},
    keys::{DEVICE_LISTS, PREKEYS, pair},
};

/// What one device has left.
#[derive(Default, Serialize, Deserialize)]
struct Left {
    /// The first one goes first.
    one_time: Vec<Prekey>,
    fallback: Option<Prekey>,
    kem: Option<Prekey>,
    renewed_at: Timestamp,
}

impl Left {
    fn stock(&self) -> Stock {
        Stock {
            one_time_left: u32::try_from(self.one_time.len()).unwrap_or(u32::MAX),
            renewed_at: self.renewed_at,
            is_complete: self.fallback.is_some() && self.kem.is_some(),
        }
    }
}

fn key(device: Address) -> [u8; 32] {
    pair(device.user_id.bytes(), device.device_id.bytes())
}

fn address(key: &[u8]) -> Option<Address> {
    let (user, device) = (key.first_chunk::<16>()?, key.last_chunk::<16>()?);
    Some(Address { user_id: (*user).into(), device_id: (*device).into() })
}

#[async_trait]
impl Keys for Store {
    async fn put_list(&self, list: &DeviceList) -> Result<bool> {
        let (list, value) = (list.clone(), encode(list)?);
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(DEVICE_LISTS)?;
            let before = table.get(list.user_id.bytes().as_slice())?.map(|value| decode::<DeviceList>(value.value()));
            if let Some(before) = before.transpose()?
                && before.version >= list.version
            {
                return Ok(before == list);
            }
            table.insert(list.user_id.bytes().as_slice(), value.as_slice())?;
            Ok(true)
        };
        self.db.write(change).await
    }

    async fn lists(&self, users: &[UserId]) -> Result<Vec<DeviceList>> {
        self.db.read(|txn| {
            let table = txn.open_table(DEVICE_LISTS)?;
            let found = users.iter().map(|user| table.get(user.bytes().as_slice()));
            found.filter_map(std::result::Result::transpose).map(|row| decode(row?.value())).collect()
        })
    }

    async fn put_prekeys(&self, device: Address, prekeys: &Prekeys, now: Timestamp) -> Result<Stock> {
        let prekeys = prekeys.clone();
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(PREKEYS)?;
            let before = table.get(key(device).as_slice())?.map(|value| decode::<Left>(value.value()));
            let mut left = before.transpose()?.unwrap_or_default();
            for fresh in prekeys.one_time {
                if !left.one_time.iter().any(|known| known.id == fresh.id) {
                    left.one_time.push(fresh);
                }
            }
            if prekeys.fallback.is_some() || prekeys.kem.is_some() {
                left.renewed_at = now;
            }
            left.fallback = prekeys.fallback.or(left.fallback);
            left.kem = prekeys.kem.or(left.kem);
            table.insert(key(device).as_slice(), stored(&left)?.as_slice())?;
            Ok(left.stock())
        };
        self.db.write(change).await
    }

    async fn stocks(&self, devices: &[Address]) -> Result<Vec<(Address, Stock)>> {
        self.db.read(|txn| {
            let table = txn.open_table(PREKEYS)?;
            let mut stocks = Vec::new();
            for device in devices {
                if let Some(value) = table.get(key(*device).as_slice())? {
                    stocks.push((*device, decode::<Left>(value.value())?.stock()));
                }
            }
            Ok(stocks)
        })
    }

    async fn claim(&self, devices: &[Address]) -> Result<Vec<ClaimedKeys>> {
        let devices = devices.to_vec();
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(PREKEYS)?;
            let mut claimed = Vec::new();
            for device in devices {
                let left = table.get(key(device).as_slice())?.map(|value| decode::<Left>(value.value())).transpose()?;
                let Some(Left { mut one_time, fallback: Some(fallback), kem: Some(kem), renewed_at }) = left else {
                    continue;
                };
                if one_time.is_empty() {
                    claimed.push(ClaimedKeys { address: device, kind: PrekeyKind::Fallback, prekey: fallback, kem });
                    continue;
                }
                let prekey = one_time.remove(0);
                claimed.push(ClaimedKeys { address: device, kind: PrekeyKind::OneTime, prekey, kem: kem.clone() });
                let left = Left { one_time, fallback: Some(fallback), kem: Some(kem), renewed_at };
                table.insert(key(device).as_slice(), stored(&left)?.as_slice())?;
            }
            Ok(claimed)
        };
        self.db.write(change).await
    }

    async fn forget(&self, device: Address) -> Result<()> {
        let change = move |txn: &WriteTransaction| {
            txn.open_table(PREKEYS)?.remove(key(device).as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }

    async fn wanting(&self, few: u32, before: Timestamp, limit: usize) -> Result<Vec<Address>> {
        self.db.read(|txn| {
            let table = txn.open_table(PREKEYS)?;
            let mut wanting = Vec::new();
            for row in table.iter()? {
                let (at, value) = row?;
                let stock = decode::<Left>(value.value())?.stock();
                if stock.one_time_left < few || stock.renewed_at < before {
                    wanting.extend(address(at.value()));
                }
                if wanting.len() >= limit {
                    break;
                }
            }
            Ok(wanting)
        })
    }
}
