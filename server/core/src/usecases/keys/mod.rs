//! Public keys and mailboxes.

mod backup;
mod claim;
mod devices;
mod health;
mod link;
mod mailbox;
mod prekeys;
mod watch;

pub use backup::{find_backup, find_part, put_backup, put_part, remove_backup};
pub use claim::claim_keys;
pub use devices::{changed_lists, device_lists, put_devices};
pub use health::report_health;
pub use link::relay_link;
pub use mailbox::{ack_mail, expire_mail, list_mail, send_mail};
pub use prekeys::put_prekeys;
pub use watch::nudge;
