//! Prekeys: what this device leaves with the directory, so that others can begin while it sleeps; and how it begins itself.

use shared_types::keys::{Address, ClaimedKeys, NewPrekeys, Prekey, PrekeyKind, PublicKey};
use vodozemac::Curve25519PublicKey;

use super::Device;
use crate::{
    Error, Result,
    list::{signed_prekey, to_base64, unbase64, unbase64_vec, verify_prekey},
    pairwise::Beginning,
    post_quantum::KemKey,
    secret::random,
};

/// How many one-time keys the directory should hold, and most that one call may bring.
const ONE_TIME_KEYS: u32 = 50;
/// How long the fallback and the post-quantum key stand, in milliseconds: a week.
const ROTATE_AFTER_MS: u64 = 7 * 86_400_000;
/// Post-quantum keys that are kept: the present one and the one before.
const KEM_KEYS: usize = 2;

impl Device {
    /// New keys for the directory, which holds `left` one-time keys of this device; nothing where it has all it needs.
    /// The same ones again until [`Self::prekeys_taken`] is called.
    pub fn new_prekeys(&mut self, left: u32, now: u64) -> Option<NewPrekeys> {
        if self.identity.under_way.is_some() {
            return self.identity.under_way.clone();
        }
        let is_due = self.identity.kem.first().is_none_or(|key| now.saturating_sub(key.made_at) >= ROTATE_AFTER_MS);
        let missing = ONE_TIME_KEYS.saturating_sub(left);
        if !is_due && missing < ONE_TIME_KEYS / 2 {
            return None;
        }
        self.identity_changed = true;
        let mut keys = NewPrekeys::default();
        self.identity.account.generate_one_time_keys(missing as usize);
        for (id, key) in self.identity.account.one_time_keys() {
            let key = PublicKey { id: format!("o{}", id.to_base64()), key: to_base64(key.as_bytes()) };
            self.sign_prekey(&mut keys, PrekeyKind::OneTime, &key);
            keys.one_time.push(key);
        }
        if is_due {
            // The one before stays valid on this device: a box may be under way to it.
            self.identity.account.generate_fallback_key();
            keys.fallback = self
                .identity
                .account
                .fallback_key()
                .into_iter()
                .next()
                .map(|(id, key)| PublicKey { id: id.to_base64(), key: to_base64(key.as_bytes()) });
            let kem = KemKey::generate(format!("k{}", to_base64(random::<9>())), now);
            keys.kem = Some(PublicKey { id: kem.id.clone(), key: to_base64(&kem.public) });
            self.identity.kem.insert(0, kem);
            self.identity.kem.truncate(KEM_KEYS);
        }
        for (kind, key) in [(PrekeyKind::Fallback, keys.fallback.clone()), (PrekeyKind::Kem, keys.kem.clone())] {
            if let Some(key) = key {
                self.sign_prekey(&mut keys, kind, &key);
            }
        }
        self.identity.account.mark_keys_as_published();
        self.identity.under_way = Some(keys.clone());
        Some(keys)
    }

    /// The directory has taken the last new keys.
    pub fn prekeys_taken(&mut self) {
        self.identity_changed |= self.identity.under_way.take().is_some();
    }

    fn sign_prekey(&self, keys: &mut NewPrekeys, kind: PrekeyKind, key: &PublicKey) {
        let signed = signed_prekey(self.me.user_id, self.me.device_id, kind, &key.id, &key.key);
        keys.signatures.insert(key.id.clone(), self.sign(&signed));
    }

    /// Which of these devices have to be begun with before anything can be sealed for them.
    pub fn unreached(&self, devices: &[Address], now: u64) -> Vec<Address> {
        let open = |device: &Address| self.sessions.get(*device).is_some_and(|sessions| sessions.is_open(now));
        devices.iter().filter(|device| !open(device)).copied().collect()
    }

    /// Begins a session with what the directory gave.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`] where its list is not known, [`Error::BadSignature`] where a key is not that device's.
    pub fn begin(&mut self, claimed: &ClaimedKeys, now: u64) -> Result<()> {
        let Address { user_id, device_id } = claimed.address;
        let ed25519 = self.listed(claimed.address)?.ed25519.clone();
        if claimed.kind == PrekeyKind::Kem {
            return Err(Error::Malformed("a prekey"));
        }
        for (kind, prekey) in [(claimed.kind, &claimed.prekey), (PrekeyKind::Kem, &claimed.kem)] {
            verify_prekey(&ed25519, user_id, device_id, kind, prekey)?;
        }
        let Prekey { id: kem_id, key: kem_key, .. } = &claimed.kem;
        let beginning = Beginning {
            prekey: Curve25519PublicKey::from_bytes(unbase64(&claimed.prekey.key, "a prekey")?),
            kem_id: kem_id.clone(),
            kem_key: unbase64_vec(kem_key, "a prekey")?,
        };
        let pair = self.pair(claimed.address)?;
        self.sessions.get_or_default(claimed.address).begin(&self.identity.account, &pair, &beginning, now)
    }
}
