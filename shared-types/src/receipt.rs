//! Watermarks: how far a member has received and read.

use serde::{Deserialize, Serialize};

use crate::{ConversationId, Seq, UserId};

/// A member's watermarks; they only rise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Watermarks {
    /// Whose.
    pub user_id: UserId,
    /// The highest position that reached them.
    pub delivered_seq: Seq,
    /// The highest position they have read; never past `delivered_seq`.
    pub read_seq: Seq,
}

/// The `receipt` event: someone's watermarks rose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Where.
    pub conversation_id: ConversationId,
    /// Whose.
    pub user_id: UserId,
    /// The highest position that reached them.
    pub delivered_seq: Seq,
    /// The highest position they have read.
    pub read_seq: Seq,
}

/// `POST /conversations/{id}/receipts`, and the rest of the `receipt` call: raises one's own watermarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewReceipt {
    /// Everything up to here has reached this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_seq: Option<Seq>,
    /// Everything up to here has been read; raises `delivered_seq` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_seq: Option<Seq>,
}
