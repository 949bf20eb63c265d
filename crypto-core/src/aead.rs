//! Sealing bytes: XChaCha20-Poly1305, a random nonce of 24 bytes before the ciphertext.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use crate::secret::{Key, random};

/// Nonce and tag: how much longer what is sealed is.
#[cfg(test)]
pub(crate) const OVERHEAD: usize = 24 + 16;

#[expect(clippy::expect_used, reason = "fails only past 256 GiB")]
pub(crate) fn seal(key: &Key, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let nonce = random::<24>();
    let payload = Payload { msg: plaintext, aad: context };
    let sealed = cipher(key).encrypt(&nonce.into(), payload).expect("the plaintext is shorter than the cipher allows");
    [&nonce[..], &sealed].concat()
}

/// `None` where key, context or bytes are not those of the sealing.
pub(crate) fn open(key: &Key, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<24>()?;
    let payload = Payload { msg: ciphertext, aad: context };
    cipher(key).decrypt(&(*nonce).into(), payload).ok().map(Zeroizing::new)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.bytes()).into())
}

/// HKDF-SHA-256 (RFC 5869) to 32 bytes.
#[expect(clippy::expect_used, reason = "32 bytes are within what one hash gives")]
pub(crate) fn derive(secret: &[u8], purpose: &[u8]) -> Key {
    let mut key = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(None, secret).expand(purpose, &mut key).expect("32 bytes can be expanded");
    Key::from(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_context_and_bytes_open() {
        let key = Key::random();
        let sealed = seal(&key, b"here", b"words");
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(open(&key, b"here", &sealed).as_deref().map(Vec::as_slice), Some(&b"words"[..]));
        assert!(open(&Key::random(), b"here", &sealed).is_none());
        assert!(open(&key, b"there", &sealed).is_none());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(open(&key, b"here", &changed).is_none(), "byte {place}");
        }
        assert!(open(&key, b"here", &sealed[..23]).is_none());
    }
}
