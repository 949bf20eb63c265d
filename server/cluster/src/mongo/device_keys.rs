//! Public keys: `device_lists`, one document a person; `prekeys`, one a device, so that a one-time key is given out by a
//! single change of a single document.

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::{
    bson::{Bson, Document, doc, serialize_to_bson},
    options::ReturnDocument,
};
use shared_types::{
    Timestamp, UserId,
    keys::{Address, ClaimedKeys, DeviceList, Prekey, PrekeyKind},
};
use sotto_core::{
    PortError,
    ports::{Keys, Prekeys, Result, Stock},
};

use super::{
    MAX_TIME, Mongo, is_duplicate,
    key_rows::{DeviceListRow, PrekeysRow, device_key},
    rows::{date, id},
};

/// How many devices are asked for keys at once.
const CLAIMS: usize = 16;

fn of(device: Address) -> Document {
    // The person tells a router which shard to ask.
    doc! { "_id": device_key(device), "user_id": id(device.user_id.bytes()) }
}

/// A value of ours inside an aggregation, where a string could be taken for a field's name.
fn literal<T: serde::Serialize>(value: &T) -> Result<Bson> {
    let value = serialize_to_bson(value).map_err(|error| PortError::new("store", error))?;
    Ok(Bson::Document(doc! { "$literal": value }))
}

/// The new one, or the one that stands.
fn or_before(fresh: Option<&Prekey>, field: &str) -> Result<Bson> {
    match fresh {
        Some(fresh) => literal(fresh),
        None => Ok(Bson::Document(doc! { "$ifNull": [format!("${field}"), "$$REMOVE"] })),
    }
}

#[async_trait]
impl Keys for Mongo {
    async fn put_list(&self, list: &DeviceList) -> Result<bool> {
        let row = DeviceListRow::try_from(list)?;
        let before = doc! { "_id": row.id, "version": { "$lt": row.version } };
        let lists = self.collection::<DeviceListRow>();
        let put = self.ask(async {
            match lists.replace_one(before, &row).upsert(true).await {
                Ok(_) => Ok(true),
                // There is one that is not lower, so the upsert met it.
                Err(error) if is_duplicate(&error) => Ok(false),
                Err(error) => Err(error),
            }
        });
        if put.await? {
            return Ok(true);
        }
        Ok(self.lists(&[list.user_id]).await?.first() == Some(list))
    }

    async fn lists(&self, users: &[UserId]) -> Result<Vec<DeviceList>> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = users.iter().map(|user| id(user.bytes())).collect();
        let rows = self.rows::<DeviceListRow>(doc! { "_id": { "$in": ids } }, None, None).await?;
        rows.iter().map(DeviceList::try_from).collect()
    }

    async fn put_prekeys(&self, device: Address, prekeys: &Prekeys, now: Timestamp) -> Result<Stock> {
        let known = doc! { "$ifNull": ["$one_time.id", []] };
        let fresh = doc! { "$filter": {
            "input": literal(&prekeys.one_time)?,
            "cond": { "$not": [{ "$in": ["$$this.id", known] }] },
        } };
        let mut set = doc! {
            "user_id": id(device.user_id.bytes()),
            "device_id": id(device.device_id.bytes()),
            "one_time": { "$concatArrays": [{ "$ifNull": ["$one_time", []] }, fresh] },
            "fallback": or_before(prekeys.fallback.as_ref(), "fallback")?,
            "kem": or_before(prekeys.kem.as_ref(), "kem")?,
        };
        if prekeys.fallback.is_some() || prekeys.kem.is_some() {
            set.insert("renewed_at", date(now));
        } else {
            set.insert("renewed_at", doc! { "$ifNull": ["$renewed_at", date(Timestamp(0))] });
        }
        let change = vec![doc! { "$set": set }, doc! { "$set": { "left": { "$size": "$one_time" } } }];
        let rows = self.collection::<PrekeysRow>();
        let put = rows.find_one_and_update(of(device), change).upsert(true).return_document(ReturnDocument::After);
        let row = self.ask(put.projection(doc! { "one_time": 0 }).max_time(MAX_TIME)).await?;
        row.map(|row| row.stock()).ok_or_else(|| PortError::new("store", "what was written is not there"))
    }

    async fn stocks(&self, devices: &[Address]) -> Result<Vec<(Address, Stock)>> {
        if devices.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = devices.iter().map(|device| device_key(*device)).collect();
        let users: Vec<_> = devices.iter().map(|device| id(device.user_id.bytes())).collect();
        let of = doc! { "_id": { "$in": keys }, "user_id": { "$in": users } };
        let rows = self.collection::<PrekeysRow>();
        let found = rows.find(of).projection(doc! { "one_time": 0 }).max_time(MAX_TIME);
        let rows: Vec<PrekeysRow> = self.ask(async { found.await?.try_collect().await }).await?;
        Ok(rows.iter().map(|row| (row.address(), row.stock())).collect())
    }

    async fn claim(&self, devices: &[Address]) -> Result<Vec<ClaimedKeys>> {
        let claims = stream::iter(devices.to_vec()).map(|device| self.claim_one(device));
        claims.buffered(CLAIMS).try_filter_map(async |claimed| Ok(claimed)).try_collect().await
    }

    async fn forget(&self, device: Address) -> Result<()> {
        self.ask(self.collection::<PrekeysRow>().delete_one(of(device))).await.map(drop)
    }

    async fn wanting(&self, few: u32, before: Timestamp, limit: usize) -> Result<Vec<Address>> {
        let of = doc! { "$or": [{ "left": { "$lt": i64::from(few) } }, { "renewed_at": { "$lt": date(before) } }] };
        let rows = self.collection::<PrekeysRow>();
        let found = rows.find(of).projection(doc! { "one_time": 0 }).limit(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<PrekeysRow> = self.ask(async { found.max_time(MAX_TIME).await?.try_collect().await }).await?;
        Ok(rows.iter().map(PrekeysRow::address).collect())
    }
}

impl Mongo {
    async fn claim_one(&self, device: Address) -> Result<Option<ClaimedKeys>> {
        let rows = self.collection::<PrekeysRow>();
        let mut complete = of(device);
        complete.insert("fallback", doc! { "$exists": true });
        complete.insert("kem", doc! { "$exists": true });
        let mut with_one_time = complete.clone();
        with_one_time.insert("left", doc! { "$gt": 0 });
        // The first leaves the list in the same step in which it is read.
        let taken =
            rows.find_one_and_update(with_one_time, doc! { "$pop": { "one_time": -1 }, "$inc": { "left": -1 } });
        let taken = taken.projection(doc! { "one_time": { "$slice": 1 } }).max_time(MAX_TIME);
        if let Some(row) = self.ask(taken).await? {
            return Ok(row.claimed(PrekeyKind::OneTime));
        }
        let row = self.ask(rows.find_one(complete).projection(doc! { "one_time": 0 }).max_time(MAX_TIME)).await?;
        Ok(row.and_then(|row| row.claimed(PrekeyKind::Fallback)))
    }
}
