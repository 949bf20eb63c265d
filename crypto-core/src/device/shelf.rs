//! A map that knows which of its entries have changed since they were last written.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Shelf<K, V> {
    kept: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K: Ord + Copy, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<K: Ord + Copy, V> Shelf<K, V> {
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.kept.get(&key)
    }

    /// Counts as a change, whatever becomes of it.
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let found = self.kept.get_mut(&key)?;
        self.changed.insert(key);
        Some(found)
    }

    pub(crate) fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.changed.insert(key);
        self.kept.entry(key).or_default()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.changed.insert(key);
        self.kept.insert(key, value);
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let removed = self.kept.remove(&key)?;
        self.changed.insert(key);
        Some(removed)
    }

    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&K, &V) -> bool) {
        let gone: Vec<K> = self.kept.iter().filter(|(key, value)| !stays(key, value)).map(|(key, _)| *key).collect();
        for key in gone {
            self.remove(key);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.kept.iter()
    }

    /// What was loaded: no change.
    pub(crate) fn load(&mut self, key: K, value: V) {
        self.kept.insert(key, value);
    }

    /// Each changed key once, with its value where it is still there.
    pub(crate) fn take_changes(&mut self) -> impl Iterator<Item = (K, Option<&V>)> {
        std::mem::take(&mut self.changed).into_iter().map(|key| (key, self.kept.get(&key)))
    }
}
