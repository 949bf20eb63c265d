//! Attachments: sealed in chunks, so that a file of any size needs the memory of one.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over XChaCha20-Poly1305: each chunk's nonce carries its
//! number and whether it is the last, so that none can be left out, moved or cut off. The key lies in the message; so do
//! the hashes of what was sealed and of what is inside: without the second, one ciphertext could be made that opens to two
//! files under two keys, and only the harmless one would be reported (Dodis, Grubbs, Ristenpart, Woodage 2018).

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, aead::Aead as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    Error, Result, digest,
    secret::{Key, random},
};

/// Bytes of a file in one chunk; only the last may be shorter.
pub const CHUNK: usize = 64 * 1024;
/// Bytes of a sealed chunk.
pub const SEALED_CHUNK: usize = CHUNK + 16;

/// What opens a file: goes inside a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileKey {
    key: Key,
    nonce: [u8; 19],
    /// Bytes of the file.
    pub size: u64,
    sealed_hash: [u8; 32],
    plain_hash: [u8; 32],
}

/// The running state of either direction.
struct Stream {
    cipher: XChaCha20Poly1305,
    nonce: [u8; 19],
    next: u32,
    size: u64,
    sealed: Sha256,
    plain: Sha256,
}

/// Whether more chunks follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// More follow.
    Inner,
    /// The last one; empty only where the file is.
    Last,
}

impl Stream {
    fn new(key: &Key, nonce: [u8; 19]) -> Self {
        let cipher = XChaCha20Poly1305::new(&(*key.bytes()).into());
        Self { cipher, nonce, next: 0, size: 0, sealed: Sha256::new(), plain: Sha256::new() }
    }

    fn nonce(&mut self, place: Place) -> Result<[u8; 24]> {
        let mut nonce = [0; 24];
        nonce[..19].copy_from_slice(&self.nonce);
        nonce[19..23].copy_from_slice(&self.next.to_be_bytes());
        nonce[23] = u8::from(place == Place::Last);
        self.next = self.next.checked_add(1).ok_or(Error::OutOfBounds("the size of the file"))?;
        Ok(nonce)
    }

    fn count(&mut self, plain: &[u8], sealed: &[u8]) {
        self.size += plain.len() as u64;
        self.plain.update(plain);
        self.sealed.update(sealed);
    }
}

/// Seals a file.
pub struct Sealer {
    key: Key,
    stream: Stream,
}

impl Sealer {
    /// Under a fresh key.
    pub fn start() -> Self {
        let (key, nonce) = (Key::random(), random());
        Self { stream: Stream::new(&key, nonce), key }
    }

    /// Seals the next chunk: [`CHUNK`] bytes, the last one 0 to [`CHUNK`].
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] where the chunk has another length.
    pub fn seal(&mut self, chunk: &[u8], place: Place) -> Result<Vec<u8>> {
        check(chunk.len(), CHUNK, place)?;
        let nonce = self.stream.nonce(place)?;
        let sealed = self.stream.cipher.encrypt(&nonce.into(), chunk).map_err(|_| Error::OutOfBounds("a chunk"))?;
        self.stream.count(chunk, &sealed);
        Ok(sealed)
    }

    /// What opens it.
    pub fn finish(self) -> FileKey {
        let Stream { nonce, size, sealed, plain, .. } = self.stream;
        FileKey {
            key: self.key,
            nonce,
            size,
            sealed_hash: sealed.finalize().into(),
            plain_hash: plain.finalize().into(),
        }
    }
}

/// Opens a file.
pub struct Opener {
    file: FileKey,
    stream: Stream,
    is_whole: bool,
}

impl Opener {
    /// With the key from the message.
    pub fn start(file: &FileKey) -> Self {
        Self { file: file.clone(), stream: Stream::new(&file.key, file.nonce), is_whole: false }
    }

    /// Opens the next chunk: [`SEALED_CHUNK`] bytes, the last one 16 to that.
    ///
    /// # Errors
    /// [`Error::Tampered`] where it is not the next chunk of this file.
    pub fn open(&mut self, chunk: &[u8], place: Place) -> Result<Zeroizing<Vec<u8>>> {
        check(chunk.len(), SEALED_CHUNK, place)?;
        let nonce = self.stream.nonce(place)?;
        let plain = self.stream.cipher.decrypt(&nonce.into(), chunk).map_err(|_| Error::Tampered("the file"))?;
        self.stream.count(&plain, chunk);
        self.is_whole |= place == Place::Last;
        Ok(Zeroizing::new(plain))
    }

    /// Whether all of it was there and is what was sent. Nothing of the file may be shown as whole before.
    ///
    /// # Errors
    /// [`Error::Tampered`] where it is not.
    pub fn finish(self) -> Result<()> {
        let Stream { size, sealed, plain, .. } = self.stream;
        let is_same = digest::same(&sealed.finalize(), &self.file.sealed_hash)
            && digest::same(&plain.finalize(), &self.file.plain_hash);
        if self.is_whole && size == self.file.size && is_same { Ok(()) } else { Err(Error::Tampered("the file")) }
    }
}

fn check(length: usize, whole: usize, place: Place) -> Result<()> {
    let fits = match place {
        Place::Inner => length == whole,
        Place::Last => length <= whole,
    };
    if fits { Ok(()) } else { Err(Error::OutOfBounds("a chunk")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: usize) -> impl Iterator<Item = Place> {
        (1..=count).map(move |number| if number == count { Place::Last } else { Place::Inner })
    }

    fn seal(file: &[u8]) -> (Vec<Vec<u8>>, FileKey) {
        let chunks: Vec<&[u8]> = if file.is_empty() { vec![file] } else { file.chunks(CHUNK).collect() };
        let mut writer = Sealer::start();
        let parts = chunks.iter().zip(places(chunks.len())).map(|(chunk, place)| writer.seal(chunk, place).unwrap());
        let parts = parts.collect();
        (parts, writer.finish())
    }

    fn open(sealed: &[Vec<u8>], key: &FileKey) -> Result<Vec<u8>> {
        let mut opener = Opener::start(key);
        let mut file = Vec::new();
        for (chunk, place) in sealed.iter().zip(places(sealed.len())) {
            file.extend_from_slice(&opener.open(chunk, place)?);
        }
        opener.finish().map(|()| file)
    }

    #[test]
    fn files_of_any_size_come_out_as_they_went_in() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
            let file: Vec<u8> = (0..=250).cycle().take(size).collect();
            let (sealed, key) = seal(&file);
            assert_eq!(key.size, size as u64);
            assert_eq!(open(&sealed, &key), Ok(file), "{size}");
        }
    }

    #[test]
    fn chunks_cannot_be_cut_off_moved_or_changed() {
        let (sealed, key) = seal(&vec![7; 3 * CHUNK]);
        let tampered = Err(Error::Tampered("the file"));
        assert_eq!(open(&sealed[..2], &key), tampered, "cut off");
        assert_eq!(open(&[sealed[1].clone(), sealed[0].clone(), sealed[2].clone()], &key), tampered, "moved");
        assert_eq!(open(&[sealed[0].clone(), sealed[2].clone()], &key), tampered, "left out");
        let mut changed = sealed.clone();
        changed[1][9] ^= 1;
        assert_eq!(open(&changed, &key), tampered, "changed");
        let mut opener = Opener::start(&key);
        opener.open(&sealed[0], Place::Inner).unwrap();
        assert_eq!(opener.finish(), Err(Error::Tampered("the file")), "not whole");
    }

    #[test]
    fn another_inside_is_noticed_whatever_the_key() {
        let (sealed, mut key) = seal(b"a picture");
        key.plain_hash[0] ^= 1;
        assert_eq!(open(&sealed, &key), Err(Error::Tampered("the file")));
    }
}
