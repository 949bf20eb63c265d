//! Secrets of 32 bytes: wiped when they are dropped, and shown by no `Debug`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

/// A symmetric key, or what one is made from.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A fresh one, from the system's randomness.
    pub fn random() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// The bytes, for a place that keeps them as a secret too.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Key {
    fn from(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_slice())
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Zeroizing::new(serde_bytes::ByteBuf::deserialize(deserializer)?.into_vec());
        <[u8; 32]>::try_from(bytes.as_slice()).map(Self::from).map_err(|_| D::Error::custom("expected 32 bytes"))
    }
}

/// So many bytes of the system's randomness.
#[expect(clippy::expect_used, reason = "a system without randomness must not go on; no input leads here")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}

/// The bytes of a `UUIDv7` (RFC 9562) of a moment in milliseconds since 1970.
pub(crate) fn uuid_v7(now: u64) -> [u8; 16] {
    let mut bytes = random::<16>();
    bytes[..6].copy_from_slice(&now.to_be_bytes()[2..]);
    bytes[6] = 0x70 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    bytes
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", Key::from([7; 32])), "Key(..)");
    }
}
