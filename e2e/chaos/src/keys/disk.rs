//! Where a device's records lie: what was committed is there after any end of the client, and nothing else is.

use std::collections::BTreeMap;

use crypto_core::Result;
use crypto_core::device::Device;
use crypto_core::secret::Key;
use crypto_core::vault::Changes;
use shared_types::keys::Address;

/// Records that stay here until they are needed.
const ASIDE: &str = "known/";

/// A client's store.
#[derive(Debug)]
pub(super) struct Disk {
    me: Address,
    key: Key,
    records: BTreeMap<String, Vec<u8>>,
    generation: u64,
}

impl Disk {
    /// An empty one.
    pub(super) fn new(me: Address) -> Self {
        Self { me, key: Key::random(), records: BTreeMap::new(), generation: 0 }
    }

    /// A new device that will be kept here.
    pub(super) fn create(&self) -> Device {
        Device::create(self.me, self.key.clone())
    }

    /// The device as it was last committed.
    pub(super) fn load(&self) -> Result<Device> {
        let kept = self.records.iter().filter(|(name, _)| !name.starts_with(ASIDE));
        let kept = kept.map(|(name, bytes)| (name.clone(), bytes.clone())).collect();
        Device::load(self.me, self.key.clone(), &kept, self.generation)
    }

    /// Writes all of it, or nothing was written.
    pub(super) fn commit(&mut self, Changes { records, generation }: Changes) {
        for record in records {
            match record.sealed {
                Some(bytes) => self.records.insert(record.name, bytes),
                None => self.records.remove(&record.name),
            };
        }
        self.generation = generation;
    }

    /// What was put aside under a name.
    pub(super) fn aside(&self, name: &str) -> Option<&[u8]> {
        self.records.get(name).map(Vec::as_slice)
    }
}
