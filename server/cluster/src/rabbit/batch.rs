//! Many payloads in one message: each after its length, four bytes, big-endian. A message costs a quorum the same however
//! much is in it.

use lapin::BasicProperties;

/// What a message of this kind carries: payloads one after the other.
pub(super) const KIND: &str = "batch";
/// How large a message may grow by taking in another payload.
const MOST_BYTES: usize = 256 * 1_024;

/// Puts payloads, in their order, into as few messages as they fit in; says of each how many it has.
pub(super) fn pack(payloads: &[Vec<u8>]) -> Vec<(Vec<u8>, usize)> {
    let mut messages: Vec<(Vec<u8>, usize)> = Vec::new();
    for payload in payloads {
        // A payload has at most some hundred KiB: its door sees to that.
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
        match messages.last_mut() {
            Some((message, count)) if message.len() + payload.len() <= MOST_BYTES => {
                message.extend(length);
                message.extend(payload);
                *count += 1;
            }
            _ => messages.push(([&length, payload.as_slice()].concat(), 1)),
        }
    }
    messages
}

/// The payloads of a message, which may be one.
pub(super) fn payloads(properties: &BasicProperties, message: Vec<u8>) -> Vec<Vec<u8>> {
    let is_batch = properties.kind().as_ref().is_some_and(|kind| kind.as_str() == KIND);
    is_batch.then(|| unpack(&message)).flatten().unwrap_or_else(|| vec![message])
}

/// Takes a message apart; `None` if it is none of ours.
pub(super) fn unpack(mut message: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut payloads = Vec::new();
    while !message.is_empty() {
        let (length, rest) = message.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (payload, rest) = rest.split_at_checked(length)?;
        payloads.push(payload.to_vec());
        message = rest;
    }
    (!payloads.is_empty()).then_some(payloads)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_out_in_its_order(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..50),
            large in 0..3_usize,
        ) {
            let mut payloads = payloads;
            payloads.extend((0..large).map(|_| vec![7; 200 * 1_024]));
            let messages = pack(&payloads);
            let counts: usize = messages.iter().map(|(_, count)| count).sum();
            let unpacked: Vec<_> = messages.iter().flat_map(|(message, _)| unpack(message).unwrap()).collect();
            prop_assert_eq!(counts, payloads.len());
            prop_assert_eq!(unpacked, payloads);
        }

        #[test]
        fn garbage_is_nothing_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(payloads) = unpack(&bytes) {
                prop_assert_eq!(pack(&payloads).concat_bytes(), bytes);
            }
        }
    }

    trait Concat {
        fn concat_bytes(self) -> Vec<u8>;
    }

    impl Concat for Vec<(Vec<u8>, usize)> {
        fn concat_bytes(self) -> Vec<u8> {
            self.into_iter().flat_map(|(message, _)| message).collect()
        }
    }
}
