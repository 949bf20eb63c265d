//! The sessions of this device with one other: double ratchets (Olm), each in its post-quantum wrap.
//!
//! Both may begin at once, and either may begin anew: a few sessions are kept, and the one on which the other was last
//! heard is the one that is spoken on.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use shared_types::keys::{Address, KemPart, KeyBox};
use vodozemac::{
    Curve25519PublicKey,
    olm::{self, Account, DecryptionError, OlmMessage, SessionConfig, SessionCreationError},
};
use zeroize::Zeroizing;

use crate::{
    Error, Result, aead,
    digest::sha256,
    list::{to_base64, unbase64_vec},
    post_quantum::{self, KemKey},
    secret::Key,
    transcript::Transcript,
};

/// Sessions that are kept with one device.
const MOST_SESSIONS: usize = 5;
/// A chain that nobody answers ends here: after 2,000 unseen messages Olm's other side could not follow any more.
const MOST_UNANSWERED: u32 = 500;
/// A session's age at which a new one is begun, in milliseconds: a week.
const OLDEST_MS: u64 = 7 * 86_400_000;
/// How many boxes are remembered, so that one that comes again is known: more than are handed out before an acknowledgement.
const REMEMBERED: usize = 128;

/// All sessions with one device.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Sessions {
    kept: Vec<Session>,
    /// Counts up with each session begun and each box opened.
    turn: u64,
    /// The starts of the hashes of the last boxes.
    seen: VecDeque<u64>,
    /// The same of the ids of the last sessions that the other device began: a first box with the fallback key could
    /// be played again for ever.
    begun: VecDeque<u64>,
    /// When a new session was begun to repair this one, in milliseconds since 1970.
    pub(crate) repaired_at: u64,
}

#[derive(Serialize, Deserialize)]
struct Session {
    #[serde(with = "pickled")]
    olm: olm::Session,
    wrap: Key,
    /// Goes along until the other device has answered.
    kem: Option<KemPart>,
    begun_at: u64,
    last_turn: u64,
    unanswered: u32,
}

/// The public keys of the other side of a session, and where both are.
pub(crate) struct Pair {
    pub(crate) me: Address,
    pub(crate) other: Address,
    /// By which sessions know the other device.
    pub(crate) their_key: Curve25519PublicKey,
}

/// What the directory gave to begin with; its signatures were checked.
pub(crate) struct Beginning {
    pub(crate) prekey: Curve25519PublicKey,
    pub(crate) kem_id: String,
    pub(crate) kem_key: Vec<u8>,
}

impl Sessions {
    /// Whether there is one that may be spoken on.
    pub(crate) fn is_open(&self, now: u64) -> bool {
        self.kept.iter().max_by_key(|session| session.last_turn).is_some_and(|session| {
            session.unanswered < MOST_UNANSWERED && now.saturating_sub(session.begun_at) < OLDEST_MS
        })
    }

    pub(crate) fn begin(&mut self, account: &Account, pair: &Pair, beginning: &Beginning, now: u64) -> Result<()> {
        let olm = account
            .create_outbound_session(SessionConfig::version_2(), pair.their_key, beginning.prekey)
            .map_err(|_| Error::Malformed("a prekey"))?;
        let (wrap, ciphertext) = post_quantum::begin(&account.curve25519_key(), &pair.their_key, &beginning.kem_key)?;
        let kem = KemPart { key_id: beginning.kem_id.clone(), ciphertext: to_base64(ciphertext) };
        self.keep(Session { olm, wrap, kem: Some(kem), begun_at: now, last_turn: 0, unanswered: 0 });
        Ok(())
    }

    fn keep(&mut self, session: Session) {
        self.turn += 1;
        self.kept.push(Session { last_turn: self.turn, ..session });
        if self.kept.len() > MOST_SESSIONS {
            let oldest = self.kept.iter().enumerate().min_by_key(|(_, session)| session.last_turn);
            if let Some((place, _)) = oldest {
                self.kept.remove(place);
            }
        }
    }

    /// # Errors
    /// [`Error::NoSession`] where none was begun.
    pub(crate) fn seal(&mut self, pair: &Pair, payload: &[u8]) -> Result<KeyBox> {
        let session = self.kept.iter_mut().max_by_key(|session| session.last_turn).ok_or(Error::NoSession)?;
        let (kind, body) = session.olm.encrypt(payload).map_err(|_| Error::NoSession)?.to_parts();
        session.unanswered += 1;
        let framed = Zeroizing::new([&[u8::try_from(kind).unwrap_or(u8::MAX)][..], &body].concat());
        let body = to_base64(aead::seal(&session.wrap, &way(pair.me, pair.other), &framed));
        Ok(KeyBox { to: pair.other, body, kem: session.kem.clone() })
    }

    /// Opens a box that the other device made for this one.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::TooOld`], [`Error::NoSession`]; where it fails, nothing has changed.
    pub(crate) fn open(
        &mut self,
        mine: &mut Mine<'_>,
        pair: &Pair,
        body: &str,
        kem: Option<&KemPart>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let sealed = unbase64_vec(body, "the box")?;
        let mark = mark(&sealed);
        if self.seen.contains(&mark) {
            return Err(Error::Duplicate);
        }
        let inside = match self.open_known(pair, &sealed)? {
            Some(inside) => inside,
            None => self.open_first(mine, pair, &sealed, kem.ok_or(Error::NoSession)?)?,
        };
        remember(&mut self.seen, mark);
        Ok(inside)
    }

    fn open_known(&mut self, pair: &Pair, sealed: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let way = way(pair.other, pair.me);
        for session in &mut self.kept {
            let Some(framed) = aead::open(&session.wrap, &way, sealed) else { continue };
            let inside = session.olm.decrypt(&unframe(&framed)?).map(Zeroizing::new).map_err(|error| match error {
                // The wrap has proven who made it. What is older than five turns of the ratchet reports a wrong code.
                DecryptionError::InvalidMAC(_) | DecryptionError::MissingMessageKey(_) => Error::TooOld,
                DecryptionError::TooBigMessageGap(..) => Error::NoSession,
                DecryptionError::InvalidMACLength(..)
                | DecryptionError::InvalidPadding(_)
                | DecryptionError::NonContributoryKey => Error::Tampered("the box"),
            })?;
            self.turn += 1;
            session.last_turn = self.turn;
            session.unanswered = 0;
            session.kem = None;
            return Ok(Some(inside));
        }
        Ok(None)
    }

    fn open_first(
        &mut self,
        mine: &mut Mine<'_>,
        pair: &Pair,
        sealed: &[u8],
        kem: &KemPart,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let key = mine.kem.iter().find(|key| key.id == kem.key_id).ok_or(Error::TooOld)?;
        let ciphertext = unbase64_vec(&kem.ciphertext, "the post-quantum part")?;
        let wrap = key.accept(&pair.their_key, &mine.account.curve25519_key(), &ciphertext)?;
        let framed = aead::open(&wrap, &way(pair.other, pair.me), sealed).ok_or(Error::NoSession)?;
        let OlmMessage::PreKey(message) = unframe(&framed)? else { return Err(Error::NoSession) };
        // Their key comes from the signed list: nobody else can begin in their name.
        let begun = mine.account.create_inbound_session(SessionConfig::version_2(), pair.their_key, &message);
        let begun = begun.map_err(|error| match error {
            SessionCreationError::MissingOneTimeKey(_) => Error::TooOld,
            SessionCreationError::MismatchedIdentityKey(..) => Error::Mismatch("sender"),
            SessionCreationError::MismatchedSessionConfig { .. }
            | SessionCreationError::Decryption(_)
            | SessionCreationError::NonContributoryKey => Error::Tampered("the box"),
        })?;
        let id = mark(begun.session.session_id().as_bytes());
        if self.begun.contains(&id) {
            return Err(Error::Duplicate);
        }
        remember(&mut self.begun, id);
        self.keep(Session { olm: begun.session, wrap, kem: None, begun_at: mine.now, last_turn: 0, unanswered: 0 });
        Ok(Zeroizing::new(begun.plaintext))
    }
}

/// What this device opens a first box with.
pub(crate) struct Mine<'a> {
    pub(crate) account: &'a mut Account,
    pub(crate) kem: &'a [KemKey],
    pub(crate) now: u64,
}

/// From where to where: bound into the wrap.
fn way(from: Address, to: Address) -> Vec<u8> {
    Transcript::new("sotto/box/1")
        .bytes(&from.user_id.bytes())
        .bytes(&from.device_id.bytes())
        .bytes(&to.user_id.bytes())
        .bytes(&to.device_id.bytes())
        .finish()
}

fn unframe(framed: &[u8]) -> Result<OlmMessage> {
    let (kind, body) = framed.split_first().ok_or(Error::Malformed("the box"))?;
    OlmMessage::from_parts(usize::from(*kind), body).map_err(|_| Error::Malformed("the box"))
}

/// Enough of a hash to know something again.
fn mark(sealed: &[u8]) -> u64 {
    sha256(sealed).first_chunk().map_or(0, |start| u64::from_be_bytes(*start))
}

fn remember(marks: &mut VecDeque<u64>, mark: u64) {
    marks.push_back(mark);
    if marks.len() > REMEMBERED {
        marks.pop_front();
    }
}

/// An Olm session as its pickle.
mod pickled {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use vodozemac::olm::{Session, SessionPickle};

    pub(super) fn serialize<S: Serializer>(session: &Session, serializer: S) -> Result<S::Ok, S::Error> {
        session.pickle().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Session, D::Error> {
        SessionPickle::deserialize(deserializer).map(Session::from_pickle)
    }
}
