//! State at rest: each record sealed on its own, with its name and a generation number bound in.
//!
//! vodozemac's own sealing of state is not used: its nonce comes from the key, and its code is cut to 8 bytes.
//! A record that was replaced does not open in place of its successor; a store that was put back as a whole is found
//! by the number that its host remembers elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{Error, Result, aead, secret::Key, transcript::Transcript};

/// The record that names the generations of all others that are kept up to date.
const ROOT: &str = "root";

/// A record to write, or to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name: unique, and what it is found by.
    pub name: String,
    /// The bytes to write; nothing where it is to be removed.
    pub sealed: Option<Vec<u8>>,
}

/// What has to be written, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The records.
    pub records: Vec<Record>,
    /// Only rises; a host that keeps it elsewhere notices a store that was put back.
    pub generation: u64,
}

/// Seals and opens the records of one device.
pub(crate) struct Vault {
    key: Key,
    root: Root,
    changes: Vec<Record>,
}

#[derive(Default, Serialize, Deserialize)]
struct Root {
    generation: u64,
    /// The generation of each kept record.
    kept: BTreeMap<String, u64>,
}

impl Vault {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, root: Root::default(), changes: Vec::new() }
    }

    /// Opens what was kept.
    ///
    /// # Errors
    /// [`Error::Tampered`], or [`Error::StateRolledBack`] where a record is older than the root says, is missing, or all
    /// of it is older than `at_least`.
    pub(crate) fn load(key: Key, records: &BTreeMap<String, Vec<u8>>, at_least: u64) -> Result<Self> {
        let mut vault = Self::new(key);
        vault.root = vault.open(ROOT, records.get(ROOT).ok_or(Error::StateRolledBack)?)?;
        if vault.root.generation < at_least {
            return Err(Error::StateRolledBack);
        }
        let stands: BTreeMap<&str, u64> = records
            .iter()
            .filter(|(name, _)| *name != ROOT)
            .filter_map(|(name, bytes)| generation(bytes).map(|generation| (name.as_str(), generation)))
            .collect();
        let should: BTreeMap<&str, u64> = vault.root.kept.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        if stands == should { Ok(vault) } else { Err(Error::StateRolledBack) }
    }

    /// Writes a record that is loaded with the device.
    pub(crate) fn keep<T: Serialize>(&mut self, name: String, value: &T) {
        let next = self.root.generation + 1;
        let sealed = self.seal(&name, next, value);
        self.root.kept.insert(name.clone(), next);
        self.changes.push(Record { name, sealed: Some(sealed) });
    }

    /// Removes such a record.
    pub(crate) fn remove(&mut self, name: String) {
        if self.root.kept.remove(&name).is_some() {
            self.changes.push(Record { name, sealed: None });
        }
    }

    /// Writes a record that stays with the host until it is needed.
    pub(crate) fn put_aside<T: Serialize>(&mut self, name: String, value: &T) {
        let sealed = self.seal(&name, self.root.generation + 1, value);
        self.changes.push(Record { name, sealed: Some(sealed) });
    }

    /// All that was written since the last time, with the root that belongs to it.
    pub(crate) fn changes(&mut self) -> Changes {
        if !self.changes.is_empty() {
            self.root.generation += 1;
            let root = self.seal(ROOT, self.root.generation, &self.root);
            self.changes.push(Record { name: ROOT.into(), sealed: Some(root) });
        }
        Changes { records: std::mem::take(&mut self.changes), generation: self.root.generation }
    }

    #[expect(clippy::expect_used, reason = "our own state has no part that cannot be written")]
    fn seal<T: Serialize>(&self, name: &str, generation: u64, value: &T) -> Vec<u8> {
        let plain = Zeroizing::new(rmp_serde::to_vec_named(value).expect("state can be written"));
        let sealed = aead::seal(&self.key, &place(name, generation), &plain);
        [&generation.to_be_bytes()[..], &sealed].concat()
    }

    /// # Errors
    /// [`Error::Tampered`] where it was not sealed here, under this name.
    pub(crate) fn open<T: DeserializeOwned>(&self, name: &str, bytes: &[u8]) -> Result<T> {
        const WHAT: &str = "the state of this device";
        let at = generation(bytes).ok_or(Error::Malformed(WHAT))?;
        let plain = aead::open(&self.key, &place(name, at), &bytes[8..]).ok_or(Error::Tampered(WHAT))?;
        rmp_serde::from_slice(&plain).map_err(|_| Error::Malformed(WHAT))
    }
}

fn generation(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|first| u64::from_be_bytes(*first))
}

fn place(name: &str, generation: u64) -> Vec<u8> {
    Transcript::new("sotto/record/1").bytes(name.as_bytes()).number(generation).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(store: &mut BTreeMap<String, Vec<u8>>, changes: Changes) {
        for Record { name, sealed } in changes.records {
            match sealed {
                Some(bytes) => store.insert(name, bytes),
                None => store.remove(&name),
            };
        }
    }

    #[test]
    fn what_was_kept_is_there_again() {
        let (key, mut store) = (Key::random(), BTreeMap::new());
        let mut vault = Vault::new(key.clone());
        vault.keep("a".into(), &1_u8);
        vault.keep("b".into(), &2_u8);
        apply(&mut store, vault.changes());
        vault.remove("b".into());
        apply(&mut store, vault.changes());

        let again = Vault::load(key, &store, 2).unwrap();
        assert_eq!(again.open::<u8>("a", &store["a"]), Ok(1));
        assert_eq!(store.len(), 2);
    }

    #[test]
    fn an_older_record_or_store_is_noticed() {
        let (key, mut store) = (Key::random(), BTreeMap::new());
        let mut vault = Vault::new(key.clone());
        vault.keep("a".into(), &1_u8);
        vault.keep("b".into(), &2_u8);
        apply(&mut store, vault.changes());
        let before = store.clone();
        vault.keep("a".into(), &3_u8);
        apply(&mut store, vault.changes());

        let refused = |store: &BTreeMap<_, _>, at_least| Vault::load(key.clone(), store, at_least).err();
        assert_eq!(refused(&store, 2), None);
        assert_eq!(refused(&before, 2), Some(Error::StateRolledBack), "all of it");
        let mut mixed = store.clone();
        mixed.insert("a".into(), before["a"].clone());
        assert_eq!(refused(&mixed, 2), Some(Error::StateRolledBack), "one record");
        let mut lost = store.clone();
        lost.remove("b");
        assert_eq!(refused(&lost, 2), Some(Error::StateRolledBack), "one missing");
        assert_eq!(Vault::load(Key::random(), &store, 2).err(), Some(Error::Tampered("the state of this device")));
    }

    #[test]
    fn a_record_opens_under_its_own_name_only() {
        let mut vault = Vault::new(Key::random());
        vault.put_aside("a".into(), &1_u8);
        let bytes = vault.changes().records[0].sealed.clone().unwrap();
        assert_eq!(vault.open::<u8>("a", &bytes), Ok(1));
        assert_eq!(vault.open::<u8>("b", &bytes), Err(Error::Tampered("the state of this device")));
    }
}
