//! Token buckets in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use sotto_core::{
    domain::limits::{Bucket, Level},
    ports::{Limits, Result},
};

/// Buckets by key; full ones are forgotten, since a new one is as full.
pub struct Buckets {
    since: Instant,
    levels: Mutex<Levels>,
}

#[derive(Default)]
struct Levels {
    by_key: HashMap<String, (Bucket, Level)>,
    sweep_at: usize,
}

impl Default for Buckets {
    fn default() -> Self {
        Self { since: Instant::now(), levels: Mutex::default() }
    }
}

#[async_trait]
impl Limits for Buckets {
    async fn take(&self, key: &str, bucket: Bucket) -> Result<Option<u64>> {
        let now_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let level = levels.by_key.get(key).map_or_else(|| bucket.full(now_ms), |(_, level)| *level);
        match bucket.take(level, now_ms) {
            Err(seconds) => Ok(Some(seconds)),
            Ok(next) => {
                if levels.by_key.len() >= levels.sweep_at.max(4_096) {
                    levels.by_key.retain(|_, (bucket, level)| bucket.refilled(*level, now_ms).tokens < bucket.capacity);
                    levels.sweep_at = levels.by_key.len() * 2;
                }
                levels.by_key.insert(key.to_owned(), (bucket, next));
                Ok(None)
            }
        }
    }
}
