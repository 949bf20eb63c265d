//! The post-quantum wrap: an ML-KEM-768 secret (FIPS 203), from which a key is derived that seals every box once more.
//!
//! Its key is independent of the ratchet's, so that it can only add: whoever breaks this still faces plain Olm.

use ml_kem::{
    MlKem768,
    kem::{Decapsulate as _, Encapsulate as _, FromSeed as _, Kem, KeyExport as _, TryKeyInit as _},
};
use serde::{Deserialize, Serialize};
use vodozemac::Curve25519PublicKey;
use zeroize::Zeroizing;

use crate::{
    Error, Result, aead,
    digest::sha256,
    secret::{Key, random},
    transcript::Transcript,
};

/// A key pair of this device. Kept as the seed it is made from.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KemKey {
    pub(crate) id: String,
    pub(crate) made_at: u64,
    seed: serde_bytes::ByteBuf,
    #[serde(with = "serde_bytes")]
    pub(crate) public: Vec<u8>,
}

impl Drop for KemKey {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(self.seed.as_mut());
    }
}

impl KemKey {
    pub(crate) fn generate(id: String, now: u64) -> Self {
        let seed = Zeroizing::new(random::<64>());
        let (_, public) = MlKem768::from_seed(&(*seed).into());
        Self { id, made_at: now, seed: seed.to_vec().into(), public: public.to_bytes().to_vec() }
    }

    /// The wrap of a session that another device began towards this key.
    pub(crate) fn accept(
        &self,
        from: &Curve25519PublicKey,
        to: &Curve25519PublicKey,
        ciphertext: &[u8],
    ) -> Result<Key> {
        let seed = <[u8; 64]>::try_from(self.seed.as_slice()).map(Zeroizing::new);
        let seed = seed.map_err(|_| Error::Malformed("the post-quantum key"))?;
        let (secret, _) = MlKem768::from_seed(&(*seed).into());
        let shared = secret.decapsulate_slice(ciphertext).map_err(|_| Error::Malformed("the post-quantum part"))?;
        Ok(wrap(shared.as_slice(), from, to, &self.public, ciphertext))
    }
}

/// Begins towards another device's key: the wrap, and what that device needs to make it too.
pub(crate) fn begin(from: &Curve25519PublicKey, to: &Curve25519PublicKey, their_key: &[u8]) -> Result<(Key, Vec<u8>)> {
    let key = <MlKem768 as Kem>::EncapsulationKey::new_from_slice(their_key);
    let (ciphertext, shared) = key.map_err(|_| Error::Malformed("the post-quantum key"))?.encapsulate();
    Ok((wrap(shared.as_slice(), from, to, their_key, &ciphertext), ciphertext.to_vec()))
}

/// Both devices, the public key and the ciphertext go in: another of any of them gives another wrap.
fn wrap(shared: &[u8], from: &Curve25519PublicKey, to: &Curve25519PublicKey, public: &[u8], ciphertext: &[u8]) -> Key {
    let purpose = Transcript::new("sotto/post-quantum-wrap/1")
        .bytes(from.as_bytes())
        .bytes(to.as_bytes())
        .bytes(&sha256(public))
        .bytes(&sha256(ciphertext));
    aead::derive(shared, &purpose.finish())
}
