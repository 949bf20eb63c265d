//! The kinds of id, each its own type, so that no call can be given the wrong one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub struct $name(pub Uuid);

        impl $name {
            /// The sixteen bytes, in an order that sorts as the text does.
            pub const fn bytes(self) -> [u8; 16] {
                *self.0.as_bytes()
            }
        }
        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+
        /// Every kind's name, for generated types.
        pub const KINDS: &[&str] = &[$(stringify!($name)),+];
    };
}

ids! {
    /// A person's account.
    UserId,
    /// One installation of a client.
    DeviceId,
    /// One sign-in of a device, from login to logout or revocation.
    SessionId,
    /// A conversation, of whatever kind.
    ConversationId,
    /// An entry of a conversation's log, chosen by its sender (`UUIDv7`), so that a retry is the same message.
    MessageId,
}

impl ConversationId {
    /// Namespace of direct conversations' ids; a constant of the contract.
    const DIRECT: Uuid = Uuid::from_u128(0x5077_0a1b_6f2e_4d8c_9a31_d1ec_7000_0001);

    /// The id that both people arrive at on their own: `UUIDv5` over the sorted pair.
    pub fn direct(one: UserId, other: UserId) -> Self {
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        let mut pair = [0; 32];
        pair[..16].copy_from_slice(&low.bytes());
        pair[16..].copy_from_slice(&high.bytes());
        Self(Uuid::new_v5(&Self::DIRECT, &pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_people_arrive_at_the_same_conversation() {
        let (ana, bo) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        assert_eq!(ConversationId::direct(ana, bo), ConversationId::direct(bo, ana));
        assert_eq!(ConversationId::direct(ana, bo).to_string(), "d3b373a9-315a-5997-bbd9-c8e831adfba8");
        assert_ne!(ConversationId::direct(ana, bo), ConversationId::direct(ana, ana));
    }
}
