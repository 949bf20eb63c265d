//! Large objects: media, avatars, exports, encrypted backups.

use std::ops::Range;

use async_trait::async_trait;

use super::Result;
use crate::Refusal;

/// Names an object: segments of `a-z 0-9 - _ .` between slashes, at most 160 bytes, none starting with a dot. Whatever
/// is behind the port, a key is then a path that stays inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// Checks a key.
    pub fn new(key: impl Into<String>) -> std::result::Result<Self, Refusal> {
        let key = key.into();
        let fits = |segment: &str| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
        };
        if key.len() <= 160 && key.split('/').all(fits) {
            return Ok(Self(key));
        }
        Err(Refusal::field("key", "segments of a-z, 0-9, '-', '_', '.' between slashes, at most 160 bytes"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where objects live. What is put is durable, and whole or not there.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Keeps an object; one of the same key is replaced.
    async fn put(&self, key: &BlobKey, bytes: Vec<u8>) -> Result<()>;

    /// The bytes of a range, cut at the object's end; `None` where there is no object.
    async fn get(&self, key: &BlobKey, range: Range<u64>) -> Result<Option<Vec<u8>>>;

    /// How many bytes it has.
    async fn size(&self, key: &BlobKey) -> Result<Option<u64>>;

    /// Removes it; one that is not there is no error.
    async fn delete(&self, key: &BlobKey) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_inside() {
        for key in ["", "/", "a//b", "../x", "a/../b", "a/.b", "A", "a b", "a\\b", "a\0", &"x".repeat(161)] {
            assert!(BlobKey::new(key).is_err(), "{key:?}");
        }
        assert_eq!(BlobKey::new("media/0190-ab.1/part_2").unwrap().as_str(), "media/0190-ab.1/part_2");
    }
}
