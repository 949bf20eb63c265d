//! Linking a new device: it shows a code, a linked device scans or is told it, both show the same two digits, the secrets go
//! over.
//!
//! ```text
//! new device ── key, through the server ──▶ linked device, which is shown the code: a hash of the key
//!            ◀── the channel's first message ──
//!                both show the same digits, and the person says so
//!            ◀── account key, backup key ──
//! ```
//!
//! The channel is vodozemac's ECIES, made for just that. Whoever carries the messages learns nothing. The code goes from
//! screen to eye, not through the server: a key that the server swaps does not fit it, and would make the digits differ.

use serde::{Deserialize, Serialize};
use vodozemac::{
    Curve25519PublicKey,
    ecies::{Ecies, EstablishedEcies, InitialMessage, Message},
    hpke::DigitMode,
};
use zeroize::Zeroizing;

use crate::{
    Error, Result,
    device::{AccountSecret, Device},
    digest::{self, sha256},
    letters,
    list::{to_base64, unbase64},
    secret::Key,
    transcript::Transcript,
};

const PURPOSE: &str = "sotto/link/1";
const TAMPERED: Error = Error::Tampered("the linking");

/// A new device that waits to be scanned.
pub struct NewDevice(Ecies);

impl std::fmt::Debug for NewDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewDevice(..)")
    }
}

/// Either side, once both have each other's key.
pub struct Channel(EstablishedEcies);

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channel(..)")
    }
}

#[derive(Serialize, Deserialize)]
struct Secrets {
    account: AccountSecret,
    backup: Option<Key>,
}

impl NewDevice {
    /// Begins: [`Self::code`] is what the screen shows.
    pub fn start() -> Self {
        Self(Ecies::with_info(PURPOSE))
    }

    /// Its key (base64), for the server to carry.
    pub fn key(&self) -> String {
        to_base64(self.0.public_key().as_bytes())
    }

    /// What its screen shows, to be scanned or typed: sixteen letters.
    pub fn code(&self) -> String {
        letters::show(&code(self.0.public_key())).to_string()
    }

    /// Takes what the scanning device sent first.
    ///
    /// # Errors
    /// [`Error::Tampered`] where that was meant for another code.
    pub fn accept(self, first: &str) -> Result<Channel> {
        let first = InitialMessage::decode(first).map_err(|_| Error::Malformed("the linking"))?;
        let opened = self.0.establish_inbound_channel(&first).map_err(|_| TAMPERED)?;
        Ok(Channel(opened.ecies))
    }
}

/// 80 bits of the key's hash: nobody finds another key that fits.
fn code(key: Curve25519PublicKey) -> [u8; 10] {
    let hash = sha256(&Transcript::new("sotto/link-code/1").bytes(key.as_bytes()).finish());
    std::array::from_fn(|place| hash[place])
}

/// On the linked device: the channel to the one whose code this is, and what goes to it first. `key` came through the server.
///
/// # Errors
/// [`Error::WrongSecret`] where the code is another's, [`Error::Malformed`] where the key is none.
pub fn scan(key: &str, typed: &str) -> Result<(Channel, String)> {
    let key = Curve25519PublicKey::from_bytes(unbase64(key, "the key")?);
    let fits = letters::read(typed).is_some_and(|typed| digest::same(&typed, &code(key)));
    if !fits {
        return Err(Error::WrongSecret);
    }
    let begun = Ecies::with_info(PURPOSE).establish_outbound_channel(key, b"sotto");
    let begun = begun.map_err(|_| Error::Malformed("the key"))?;
    Ok((Channel(begun.ecies), begun.message.encode()))
}

impl Channel {
    /// The two digits that both people must see.
    pub fn digits(&self) -> String {
        format!("{:02}", self.0.check_code().to_digit(DigitMode::AllowLeadingZero))
    }

    /// On the linked device, after the person said that the digits are the same: the secrets for the new one.
    ///
    /// # Errors
    /// [`Error::NotLinked`] where this device holds none.
    pub fn hand_over(&mut self, device: &mut Device) -> Result<String> {
        let account = device.secrets()?.0.clone();
        // Made now where there is none yet: two devices with a key each could not read each other's backup.
        let secrets = Secrets { account, backup: Some(device.backup_key()) };
        let bytes = Zeroizing::new(rmp_serde::to_vec_named(&secrets).map_err(|_| Error::Malformed("the linking"))?);
        Ok(self.0.encrypt(&bytes).encode())
    }

    /// On the new device: takes them.
    ///
    /// # Errors
    /// [`Error::Tampered`] where they did not come through this channel.
    pub fn take_over(&mut self, device: &mut Device, sealed: &str) -> Result<()> {
        let message = Message::decode(sealed).map_err(|_| Error::Malformed("the linking"))?;
        let bytes = Zeroizing::new(self.0.decrypt(&message).map_err(|_| TAMPERED)?);
        let secrets: Secrets = rmp_serde::from_slice(&bytes).map_err(|_| TAMPERED)?;
        device.link(secrets.account, secrets.backup);
        Ok(())
    }
}
