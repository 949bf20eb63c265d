//! What lies in a box: a fixed start that names both devices, then one of a few kinds of news.
//!
//! vodozemac binds no context, so the box carries its own: the signing keys of the device that made it and of the one that
//! it is for, and, for a content key, the hash of the very message it opens. The recipient checks all of it.

use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, MessageId};
use zeroize::Zeroizing;

use crate::{Error, Result, secret::Key};

/// The key to one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContentKey {
    /// Which message it opens.
    pub(crate) message: MessageId,
    /// The hash of the header and the ciphertext that it opens.
    #[serde(with = "serde_bytes")]
    pub(crate) binding: [u8; 32],
    pub(crate) key: Key,
}

/// What one device tells another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// The key to a message of two people.
    Content(ContentKey),
    /// The key of a sender in a group: what follows its index can be read with it.
    Sender { conversation: ConversationId, epoch: u64, key: Zeroizing<Vec<u8>> },
    /// Asks for the keys to messages once more.
    Again(Vec<MessageId>),
}

/// Most ids in one request.
pub(crate) const MOST_AGAIN: usize = 64;

const CONTENT: u8 = 1;
const SENDER: u8 = 2;
const AGAIN: u8 = 3;
/// In a group one box serves all devices: nobody's key stands where the recipient's would.
pub(crate) const EVERYONE: [u8; 32] = [0; 32];

/// A box's inside.
pub(crate) struct Payload {
    /// The signing key of the device that made it.
    pub(crate) from: [u8; 32],
    /// The signing key of the device that it is for, or [`EVERYONE`].
    pub(crate) to: [u8; 32],
    pub(crate) news: News,
}

impl Payload {
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(160));
        let kind = match &self.news {
            News::Content(_) => CONTENT,
            News::Sender { .. } => SENDER,
            News::Again(_) => AGAIN,
        };
        bytes.push(kind);
        bytes.extend_from_slice(&self.from);
        bytes.extend_from_slice(&self.to);
        match &self.news {
            News::Content(content) => {
                bytes.extend_from_slice(&content.message.bytes());
                bytes.extend_from_slice(&content.binding);
                bytes.extend_from_slice(content.key.bytes());
            }
            News::Sender { conversation, epoch, key } => {
                bytes.extend_from_slice(&conversation.bytes());
                bytes.extend_from_slice(&epoch.to_be_bytes());
                bytes.extend_from_slice(key);
            }
            News::Again(messages) => messages.iter().for_each(|id| bytes.extend_from_slice(&id.bytes())),
        }
        bytes
    }

    /// # Errors
    /// [`Error::Malformed`] where it is no box's inside.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut rest = Reader(bytes);
        let ([kind], from, to) = (rest.take()?, rest.take()?, rest.take()?);
        let news = match kind {
            CONTENT => News::Content(ContentKey {
                message: MessageId::from(rest.take()?),
                binding: rest.take()?,
                key: Key::from(rest.take()?),
            }),
            SENDER => News::Sender {
                conversation: ConversationId::from(rest.take()?),
                epoch: u64::from_be_bytes(rest.take()?),
                key: Zeroizing::new(std::mem::take(&mut rest.0).to_vec()),
            },
            AGAIN => {
                let mut messages = Vec::new();
                while !rest.0.is_empty() && messages.len() < MOST_AGAIN {
                    messages.push(MessageId::from(rest.take()?));
                }
                News::Again(messages)
            }
            _ => return Err(MALFORMED),
        };
        if !rest.0.is_empty() {
            return Err(MALFORMED);
        }
        Ok(Self { from, to, news })
    }
}

const MALFORMED: Error = Error::Malformed("the box");

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn news() -> impl Strategy<Value = News> {
        prop_oneof![
            any::<(u128, [u8; 32], [u8; 32])>().prop_map(|(id, binding, key)| News::Content(ContentKey {
                message: MessageId(Uuid::from_u128(id)),
                binding,
                key: Key::from(key)
            })),
            any::<(u128, u64, Vec<u8>)>().prop_map(|(id, epoch, key)| News::Sender {
                conversation: ConversationId(Uuid::from_u128(id)),
                epoch,
                key: Zeroizing::new(key)
            }),
            prop::collection::vec(any::<u128>(), 0..=MOST_AGAIN)
                .prop_map(|ids| News::Again(ids.into_iter().map(|id| MessageId(Uuid::from_u128(id))).collect())),
        ]
    }

    proptest! {
        #[test]
        fn what_was_put_in_comes_out(news in news(), from: [u8; 32], to: [u8; 32]) {
            let read = Payload::decode(&Payload { from, to, news: news.clone() }.encode()).unwrap();
            prop_assert_eq!((read.from, read.to, read.news), (from, to, news));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(read) = Payload::decode(&bytes) {
                let again = read.encode();
                prop_assert_eq!(again.as_slice(), bytes.as_slice());
            }
        }
    }
}
