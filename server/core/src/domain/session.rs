//! A session: one sign-in of a device, and its chain of refresh tokens.
//!
//! ```text
//!            newest token                       newest token
//! new ──▶ Live ──────────▶ Live (next generation) ──────▶ ...
//!           │ the one before, within 10 s: the same successor again
//!           │ any other old one: stolen ──▶ Ended   (final)
//!           └ logout, revocation ─────────▶ Ended
//! ```

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use shared_types::{Secret, SessionId, Timestamp, UserId, account::Device};

/// How long the token before the newest still gives the same successor: a client may have lost the answer.
pub const GRACE_MS: i64 = 10_000;
/// A session that was not used for so long has ended.
pub const IDLE_MS: i64 = 90 * 24 * 3_600_000;
/// How long an access token lasts.
pub const ACCESS_MS: i64 = 15 * 60_000;

/// One sign-in of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Of which device.
    pub device: Device,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it last refreshed.
    pub last_used_at: Timestamp,
    /// Hash of the newest refresh token.
    pub newest: TokenHash,
    /// Hash of the token before it.
    pub before: Option<TokenHash>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// SHA-256 of a refresh token: what is stored can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

/// What presenting a token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It is the newest: give its successor.
    Advance,
    /// It is the one before, moments ago: give the same successor again.
    Repeat,
    /// It was used long ago: someone else may have it. End the session.
    Reused,
    /// It was never this session's, or the session has ended.
    Unknown,
}

impl Session {
    /// Whether it may still be used.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now.ms_since(self.last_used_at) < IDLE_MS
    }

    /// Judges a token of this session.
    pub fn present(&self, token: TokenHash, now: Timestamp) -> Presented {
        if !self.is_live(now) {
            return Presented::Unknown;
        }
        if token == self.newest {
            return Presented::Advance;
        }
        match self.before {
            Some(before) if before == token && now.ms_since(self.last_used_at) <= GRACE_MS => Presented::Repeat,
            _ => Presented::Reused,
        }
    }

    /// The session after its newest token was given a successor.
    pub fn advance(self, successor: TokenHash, now: Timestamp) -> Self {
        Self { before: Some(self.newest), newest: successor, last_used_at: now, ..self }
    }
}

/// A refresh token: the session's id, 32 secret bytes, and on the way a seal by which we know it for ours: a made-up one
/// must not pass for an old one, which ends the session.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Which session it belongs to.
    pub session: SessionId,
    secret: [u8; 32],
}

impl RefreshToken {
    /// A session's first token.
    pub const fn first(session: SessionId, secret: [u8; 32]) -> Self {
        Self { session, secret }
    }

    /// The token that follows this one: always the same, so that a repeat within the grace gets it again although
    /// only hashes are stored. Nobody can compute it without the server's key.
    pub fn successor(&self, key: &[u8; 32]) -> Self {
        Self { session: self.session, secret: self.mac(key, b"successor").finalize().into_bytes().into() }
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::new().chain_update(self.session.bytes()).chain_update(self.secret).finalize().into())
    }

    /// As text for the client, sealed with the server's key.
    pub fn encode(&self, key: &[u8; 32]) -> Secret {
        let mut bytes = [0; 80];
        bytes[..16].copy_from_slice(&self.session.bytes());
        bytes[16..48].copy_from_slice(&self.secret);
        bytes[48..].copy_from_slice(&self.mac(key, b"seal").finalize().into_bytes());
        Secret(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// From the client's text; `None` if it is none of ours.
    pub fn decode(text: &Secret, key: &[u8; 32]) -> Option<Self> {
        let bytes: [u8; 80] = URL_SAFE_NO_PAD.decode(&text.0).ok()?.try_into().ok()?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (secret, seal) = rest.split_first_chunk::<32>()?;
        let token = Self { session: SessionId::from(*session), secret: *secret };
        token.mac(key, b"seal").verify_slice(seal).ok()?;
        Some(token)
    }

    fn mac(&self, key: &[u8; 32], purpose: &[u8]) -> Hmac<Sha256> {
        let mut block = [0; 64];
        block[..32].copy_from_slice(key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(purpose);
        mac.update(&self.session.bytes());
        mac.update(&self.secret);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn signed_in() -> (Session, RefreshToken) {
        let token = RefreshToken::first(SessionId::from([1; 16]), [2; 32]);
        let session = Session {
            id: token.session,
            user: UserId::from([3; 16]),
            device: Device { id: [4; 16].into(), name: "phone".into(), platform: "web".into() },
            created_at: Timestamp(0),
            last_used_at: Timestamp(0),
            newest: token.hash(),
            before: None,
            ended_at: None,
        };
        (session, token)
    }

    #[test]
    fn the_newest_token_advances_and_the_one_before_repeats_for_ten_seconds() {
        let (session, first) = signed_in();
        assert_eq!(session.present(first.hash(), Timestamp(5)), Presented::Advance);
        let second = first.successor(&KEY);
        let session = session.advance(second.hash(), Timestamp(1_000));
        assert_eq!(session.present(second.hash(), Timestamp(1_000)), Presented::Advance);
        assert_eq!(session.present(first.hash(), Timestamp(1_000 + GRACE_MS)), Presented::Repeat);
        assert_eq!(session.present(first.hash(), Timestamp(1_001 + GRACE_MS)), Presented::Reused);
    }

    #[test]
    fn a_token_two_generations_old_is_a_theft_even_at_once() {
        let (session, first) = signed_in();
        let second = first.successor(&KEY);
        let third = second.successor(&KEY);
        let session = session.advance(second.hash(), Timestamp(1)).advance(third.hash(), Timestamp(2));
        assert_eq!(session.present(first.hash(), Timestamp(3)), Presented::Reused);
    }

    #[test]
    fn an_ended_or_forgotten_session_knows_no_token() {
        let (session, first) = signed_in();
        assert_eq!(session.present(first.hash(), Timestamp(IDLE_MS)), Presented::Unknown);
        let ended = Session { ended_at: Some(Timestamp(1)), ..session };
        assert_eq!(ended.present(first.hash(), Timestamp(2)), Presented::Unknown);
    }

    #[test]
    fn a_token_survives_its_text_and_garbage_does_not() {
        let (_, token) = signed_in();
        assert!(RefreshToken::decode(&token.encode(&KEY), &KEY) == Some(token.clone()));
        assert!(RefreshToken::decode(&Secret("x".into()), &KEY).is_none());
        let made_up = RefreshToken::first(token.session, [9; 32]).encode(&[8; 32]);
        assert!(RefreshToken::decode(&made_up, &KEY).is_none(), "sealed by somebody else");
    }

    #[test]
    fn the_successor_hangs_on_the_key() {
        let (_, token) = signed_in();
        assert!(token.successor(&KEY) == token.successor(&KEY));
        assert!(token.successor(&KEY) != token.successor(&[8; 32]));
    }
}
