//! The browser's door: a device in WebAssembly, driven by [`crate::host::call`].

use std::collections::BTreeMap;

use shared_types::keys::Address;
use wasm_bindgen::prelude::*;

use crate::{
    Result as Outcome,
    device::Device,
    host::{self, Host},
    list::unbase64_vec,
    secret::Key,
};

/// A device in this worker.
#[wasm_bindgen]
pub struct Engine(Host);

fn address(me: &str) -> Result<Address, JsError> {
    serde_json::from_str(me).map_err(|_| JsError::new("expected {user_id, device_id}"))
}

fn key(bytes: &[u8]) -> Result<Key, JsError> {
    <[u8; 32]>::try_from(bytes).map(Key::from).map_err(|_| JsError::new("expected 32 bytes"))
}

#[wasm_bindgen]
impl Engine {
    /// A new device. `me` is `{user_id, device_id}` as JSON, the key seals its state.
    pub fn create(me: &str, storage_key: &[u8]) -> Result<Engine, JsError> {
        Ok(Self(Host::new(Device::create(address(me)?, key(storage_key)?))))
    }

    /// A device from its records: an object of names and bytes (base64) as JSON.
    pub fn load(me: &str, storage_key: &[u8], records: &str, at_least: f64) -> Result<Engine, JsError> {
        let (me, key) = (address(me)?, key(storage_key)?);
        let records: BTreeMap<String, String> =
            serde_json::from_str(records).map_err(|_| JsError::new("expected an object of records"))?;
        let records = records.into_iter().map(|(name, bytes)| Ok((name, unbase64_vec(&bytes, "a record")?)));
        let records = records.collect::<Outcome<BTreeMap<_, _>>>();
        let loaded = records.and_then(|records| Device::load(me, key, &records, whole(at_least)));
        loaded.map(|device| Self(Host::new(device))).map_err(|error| JsError::new(&error.to_string()))
    }

    /// Answers one request; both are JSON.
    pub fn call(&mut self, request: &str, now: f64) -> String {
        host::call(&mut self.0, request, whole(now))
    }
}

/// JavaScript's numbers are floats; ours here are whole and positive.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds and small counts")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
