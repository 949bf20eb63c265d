//! The backup: what a new device needs to read on where the old ones stopped, sealed before it leaves a device.
//!
//! ```text
//! recovery key ──┐
//!                ├─▶ lock ──opens──▶ backup key ──opens──▶ parts: content keys, who was compared; and the account key
//! passphrase ────┘
//! ```
//!
//! The server keeps locks and parts; it can try passphrases only as fast as Argon2id lets it.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use shared_types::{UserId, keys::Address};
use zeroize::Zeroizing;

use crate::{
    Error, Result, aead,
    device::{AccountSecret, Device, Known},
    digest::sha256,
    letters,
    list::{to_base64, unbase64, unbase64_vec},
    secret::{Key, random},
    transcript::Transcript,
};

/// Random bytes of a recovery key; one more is its check.
const RECOVERY_BYTES: usize = 19;

/// Memory for a passphrase, in KiB: what this device asks for, and the bounds of what it takes from a server.
const MEMORY_KIB: (u32, u32, u32) = (19_456, 65_536, 262_144);
/// Passes over it, likewise.
const PASSES: (u32, u32, u32) = (2, 3, 10);

/// A recovery key: written down once, opens the backup.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(Zeroizing<[u8; RECOVERY_BYTES]>);

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryKey(..)")
    }
}

impl RecoveryKey {
    /// A fresh one: 152 bits.
    pub fn generate() -> Self {
        Self(Zeroizing::new(random()))
    }

    /// As it is shown: eight groups of four.
    pub fn shown(&self) -> Zeroizing<String> {
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(self.0.iter().copied().chain([self.check()]).collect());
        letters::show(&bytes)
    }

    /// As it is typed: small letters, spaces and the letters that look like digits are taken for what is meant.
    ///
    /// # Errors
    /// [`Error::WrongSecret`] where it is no recovery key: most typing mistakes are found here.
    pub fn read(text: &str) -> Result<Self> {
        let bytes = letters::read(text).ok_or(Error::WrongSecret)?;
        let (check, key) = bytes.split_last().ok_or(Error::WrongSecret)?;
        let key = <[u8; RECOVERY_BYTES]>::try_from(key).map(|key| Self(Zeroizing::new(key)));
        key.ok().filter(|key| key.check() == *check).ok_or(Error::WrongSecret)
    }

    /// Finds most typing mistakes.
    fn check(&self) -> u8 {
        sha256(self.0.as_slice())[0]
    }
}

/// A way to the backup key, as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Lock {
    /// Opened by the recovery key, which needs no stretching.
    Recovery {
        /// The sealed secrets (base64).
        sealed: String,
    },
    /// Opened by a passphrase, stretched by Argon2id.
    Passphrase {
        /// 16 bytes (base64).
        salt: String,
        /// Memory, in KiB.
        memory: u32,
        /// Passes over it.
        passes: u32,
        /// The sealed secrets (base64).
        sealed: String,
    },
}

/// What a lock guards.
#[derive(Serialize, Deserialize)]
struct Guarded {
    account: AccountSecret,
    backup: Key,
}

/// What opens a lock.
#[derive(Debug)]
pub enum Secret<'a> {
    /// The recovery key.
    Recovery(&'a RecoveryKey),
    /// The passphrase.
    Passphrase(&'a str),
}

impl Lock {
    /// Locks the secrets of a linked device.
    ///
    /// # Errors
    /// [`Error::NotLinked`].
    pub fn new(device: &mut Device, secret: &Secret<'_>) -> Result<Self> {
        let backup = device.backup_key();
        let guarded = Guarded { account: device.secrets()?.0.clone(), backup };
        let bytes = Zeroizing::new(rmp_serde::to_vec_named(&guarded).map_err(|_| Error::Malformed("the backup"))?);
        let seal = |key: &Key, context: &[u8]| to_base64(aead::seal(key, context, &bytes));
        Ok(match secret {
            Secret::Recovery(key) => Self::Recovery { sealed: seal(&recovery_lock(key), b"sotto/recovery/1") },
            Secret::Passphrase(passphrase) => {
                let (salt, memory, passes) = (random::<16>(), MEMORY_KIB.1, PASSES.1);
                let key = stretch(passphrase, &salt, memory, passes)?;
                Self::Passphrase {
                    salt: to_base64(salt),
                    memory,
                    passes,
                    sealed: seal(&key, &settings(&salt, memory, passes)),
                }
            }
        })
    }

    /// Opens the lock, and links the device with what it guarded.
    ///
    /// # Errors
    /// [`Error::WrongSecret`]; [`Error::OutOfBounds`] where the server's settings would weaken the passphrase.
    pub fn open(&self, secret: &Secret<'_>, device: &mut Device) -> Result<()> {
        let bytes = match (self, secret) {
            (Self::Recovery { sealed }, Secret::Recovery(key)) => {
                aead::open(&recovery_lock(key), b"sotto/recovery/1", &unbase64_vec(sealed, "the backup")?)
            }
            (Self::Passphrase { salt, memory, passes, sealed }, Secret::Passphrase(passphrase)) => {
                let salt: [u8; 16] = unbase64(salt, "the backup")?;
                let key = stretch(passphrase, &salt, *memory, *passes)?;
                aead::open(&key, &settings(&salt, *memory, *passes), &unbase64_vec(sealed, "the backup")?)
            }
            (Self::Recovery { .. }, Secret::Passphrase(_)) | (Self::Passphrase { .. }, Secret::Recovery(_)) => None,
        };
        let guarded: Guarded =
            rmp_serde::from_slice(&bytes.ok_or(Error::WrongSecret)?).map_err(|_| Error::Malformed("the backup"))?;
        device.link(guarded.account, Some(guarded.backup));
        Ok(())
    }
}

fn recovery_lock(key: &RecoveryKey) -> Key {
    aead::derive(key.0.as_slice(), b"sotto/recovery-lock/1")
}

fn settings(salt: &[u8; 16], memory: u32, passes: u32) -> Vec<u8> {
    Transcript::new("sotto/passphrase/1").bytes(salt).number(memory.into()).number(passes.into()).finish()
}

fn stretch(passphrase: &str, salt: &[u8; 16], memory: u32, passes: u32) -> Result<Key> {
    if !(MEMORY_KIB.0..=MEMORY_KIB.2).contains(&memory) || !(PASSES.0..=PASSES.2).contains(&passes) {
        return Err(Error::OutOfBounds("the cost of a passphrase"));
    }
    let params =
        Params::new(memory, passes, 1, Some(32)).map_err(|_| Error::OutOfBounds("the cost of a passphrase"))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| Error::OutOfBounds("the passphrase"))?;
    Ok(Key::from(*key))
}

/// One part of the backup: never changed once it is made.
#[derive(Serialize, Deserialize)]
struct Part {
    /// Keys to messages.
    known: Vec<Known>,
    /// People whose safety number was compared, with the account key that it was for.
    verified: Vec<(UserId, String)>,
}

impl Device {
    /// Seals a part of the backup (base64) from records under `known/`; it opens under this number only.
    ///
    /// # Errors
    /// [`Error::Tampered`] where a record is none of this device.
    pub fn back_up(&mut self, number: u64, kept: &[(String, Vec<u8>)]) -> Result<String> {
        // Whom they were sealed for is nobody's business but this device's: only it answers who asks.
        let bare = |known: Known| Known { readers: None, ..known };
        let known = kept.iter().map(|(name, bytes)| self.open_known(name, bytes).map(bare));
        let known = known.collect::<Result<Vec<_>>>()?;
        let part = Part { known, verified: self.verified() };
        let bytes = Zeroizing::new(rmp_serde::to_vec_named(&part).map_err(|_| Error::Malformed("the backup"))?);
        Ok(to_base64(aead::seal(&self.backup_key(), &place(self.me(), number), &bytes)))
    }

    /// Takes in a part of the backup; its records are among [`Self::changes`].
    ///
    /// # Errors
    /// [`Error::Tampered`] where it is not that part of this account's backup.
    pub fn restore(&mut self, number: u64, sealed: &str) -> Result<()> {
        let sealed = unbase64_vec(sealed, "the backup")?;
        let bytes =
            aead::open(&self.backup_key(), &place(self.me(), number), &sealed).ok_or(Error::Tampered("the backup"))?;
        let part: Part = rmp_serde::from_slice(&bytes).map_err(|_| Error::Malformed("the backup"))?;
        for known in &part.known {
            self.put_aside(known);
        }
        for (user, account_key) in part.verified {
            if self.peer(user).is_some_and(|peer| peer.list.account_key == account_key) {
                self.set_verified(user, true);
            }
        }
        Ok(())
    }
}

fn place(me: Address, number: u64) -> Vec<u8> {
    Transcript::new("sotto/backup/1").bytes(&me.user_id.bytes()).number(number).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_key_is_read_as_it_was_shown_however_it_is_typed() {
        let key = RecoveryKey::generate();
        let shown = key.shown();
        assert_eq!(shown.len(), 39);
        assert_eq!(RecoveryKey::read(&shown), Ok(key.clone()));
        let typed = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(RecoveryKey::read(&typed), Ok(key));
    }

    #[test]
    fn most_typing_mistakes_are_found() {
        let shown = RecoveryKey(Zeroizing::new(*b"a recovery key, no?")).shown().to_string();
        let mistakes = (0..shown.len()).filter(|place| shown.as_bytes()[*place] != b'-').filter(|place| {
            let other = if &shown[*place..=*place] == "7" { "8" } else { "7" };
            let typed = format!("{}{other}{}", &shown[..*place], &shown[place + 1..]);
            RecoveryKey::read(&typed).is_ok()
        });
        assert!(mistakes.count() <= 2);
        for wrong in ["", "ABCD", "U", &shown[..38]] {
            assert_eq!(RecoveryKey::read(wrong), Err(Error::WrongSecret), "{wrong}");
        }
    }
}
