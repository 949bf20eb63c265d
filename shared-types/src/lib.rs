//! The contract: everything that crosses a wire between Sotto's parts, and nothing else.
//!
//! Rust's types are the one source: TypeScript (`ts`), OpenAPI (`openapi`) and AsyncAPI are generated from them.
//! Wire changes only add: a field that exists keeps its name and meaning.

pub mod account;
pub mod backup;
pub mod conversation;
pub mod entry;
pub mod error;
#[cfg(all(feature = "ts", feature = "openapi"))]
pub mod generate;
pub mod http;
pub mod ids;
pub mod keys;
pub mod receipt;
pub mod scalar;
pub mod socket;
pub mod sync;

pub use account::{Me, Session, User};
pub use conversation::{Conversation, ConversationKind, Member, Role};
pub use entry::{Content, EntryKind, Envelope, Message, Sealed, System};
pub use error::{Code, Problem};
pub use ids::{ConversationId, DeviceId, MessageId, SessionId, UserId};
pub use receipt::Receipt;
pub use scalar::{Secret, Seq, Timestamp};
pub use socket::ServerEvent;
